import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { ClientAddress } from "../app/context.ts";
import type { Log } from "../app/log.ts";
import type { Operation } from "../app/operation.ts";
import type { Caller, LaneRequest } from "../lanes/around.ts";
import { BoundLog } from "../lanes/bound-log.ts";
import {
  type ArrivingBody,
  type EndedBy,
  endReason,
  type FormPart,
  headerValue,
  originFrom,
  type QueryValues,
} from "../operation/raw.ts";
import { ReceivedForm } from "./bodies/received-form.ts";
import { addToLine } from "./logs/access-log.ts";
import { isCutShort, outcomeOf } from "./response-end.ts";

/** What all requests of an app share. */
export interface ServedApp {
  /** The prefix before the app's own paths. */
  readonly rootPath: string;
  /** Whether to believe a proxy about what clients have asked for. */
  readonly trustsProxy: boolean;
  readonly log: Logger;
}

/** What all requests of a route share. */
export interface RequestRoute extends ServedApp {
  /** The name of the route in the log: the operation's id. */
  readonly id: string;
  /** The operation it asks for; undefined where there is none. */
  readonly operation: Operation | undefined;
  /** Whether its path has parameters. */
  readonly hasParams: boolean;
  /** Whether a plugin may see its reply on the way. */
  readonly isSeen: boolean;
}

/** A request whose URL was shortened for the router; Fastify keeps the original one. */
type Routed = FastifyRequest["raw"] & { readonly originalUrl?: string };

/** A request as the pipeline takes it, together with the client that waits for its answer. */
export class HttpRequest implements LaneRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>> | undefined;
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
  readonly parts: readonly FormPart[] | undefined;
  /** Set before it runs, when its handler reads the body while it arrives. */
  unread: ArrivingBody | undefined = undefined;
  caller: Caller | undefined = undefined;
  /** The reply to answer it with. */
  readonly reply: FastifyReply;
  readonly route: RequestRoute;
  readonly #socket: Socket;
  #log: BoundLog | undefined;
  #controller: AbortController | undefined;
  #reason: unknown;
  #isShutDown = false;

  constructor(request: FastifyRequest, reply: FastifyReply, route: RequestRoute) {
    const { method, url = "/", originalUrl = url, rawHeaders, socket } = request.raw as Routed;
    const body = request.body as Uint8Array | ReceivedForm | undefined;
    const isForm = body instanceof ReceivedForm;
    this.id = request.id;
    this.method = method as string;
    this.url = originalUrl;
    this.params = route.hasParams ? (request.params as Record<string, string>) : undefined;
    this.headers = rawHeaders;
    this.body = isForm ? undefined : body;
    this.parts = isForm ? body.parts : undefined;
    this.#socket = socket;
    this.reply = reply;
    this.route = route;
  }

  get query(): QueryValues {
    return this.reply.request.query as QueryValues;
  }

  get client(): ClientAddress {
    const { remoteAddress = "", remotePort = 0 } = this.#socket;
    const { ip } = this.reply.request;
    return ip === undefined || ip === remoteAddress
      ? { host: remoteAddress, port: remotePort }
      : { host: ip, port: 0 }; // no proxy says which port it was
  }

  get message(): IncomingMessage {
    return this.reply.request.raw;
  }

  get via(): string {
    if (this.route.trustsProxy) return originOf(this.reply.request);
    return "encrypted" in this.#socket ? "https" : "http";
  }

  get rootPath(): string {
    return this.route.rootPath;
  }

  /** Whether nobody waits for the rest of its answer. */
  get isGone(): boolean {
    return this.#isShutDown || !this.hasClient;
  }

  get hasClient(): boolean {
    const { raw } = this.reply;
    return !(raw.destroyed && isCutShort(raw));
  }

  get endedBy(): EndedBy {
    return this.#isShutDown || outcomeOf(this.reply.raw) === "cut" ? "shutdown" : "client";
  }

  /** The reason that its signal aborts with once nobody waits for the rest of its answer. */
  get endReason(): DOMException {
    return endReason(this.endedBy);
  }

  /** Created on demand: most handlers never ask for it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
      else if (this.isGone) this.cancel(this.endReason);
      else this.reply.raw.once("close", () => this.isGone && this.cancel(this.endReason));
    }
    return this.#controller.signal;
  }

  get log(): Log {
    this.#log ??= new BoundLog(this.route.log, { reqId: this.id, operation: this.route.id }, (bindings) => {
      addToLine(this.reply.raw, bindings);
      if (this.caller !== undefined) this.caller.bindings = bindings;
    });
    return this.#log;
  }

  get bindings(): object | undefined {
    return this.#log?.bindings;
  }

  setBindings(fields: object): void {
    this.log.setBindings(fields);
  }

  /** The server shuts down: the rest of its answer is no longer wanted, though the client is still there. */
  shutDown(): void {
    this.#isShutDown = true;
    this.cancel(this.endReason);
  }

  /** Aborts the signal. */
  cancel(reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** Scheme and host as the client gave them; empty for one that names none. A proxy may let clients choose the scheme. */
export function originOf({ protocol, host }: Pick<FastifyRequest, "protocol" | "host">): string {
  return originFrom(protocol === "https" ? "https" : "http", host);
}

const HEADER = "x-request-id";
/** An id taken over from a client must be short, and unable to forge a log line. */
const TRUSTED = /^[\w.:/+=-]{1,128}$/;

/** Returns the id that a client has sent. Reads the raw headers, since the parsed ones are created only on demand. */
export function sentRequestId({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): string | undefined {
  return headerValue({ headers: rawHeaders }, HEADER);
}

/** Makes the ids of requests: the client's `X-Request-ID` when it is valid, else one unique to this process and run. */
export function createRequestIds(): (request: Pick<IncomingMessage, "rawHeaders">) => string {
  const run = randomBytes(6).toString("base64url");
  let count = 0;
  return (request) => {
    const sent = sentRequestId(request);
    return sent !== undefined && TRUSTED.test(sent) ? sent : `${run}-${(++count).toString(36)}`;
  };
}
