import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { ClientAddress } from "../app/exchange.ts";
import type { Log } from "../app/log.ts";
import type { QueryValues } from "../operation/query.ts";
import type { FormPart, RawRequest } from "../operation/raw.ts";
import type { Waiter } from "../threads/call.ts";
import { hasHungUp } from "./hung-up.ts";

/** What all requests of one route share. */
export interface RequestRoute {
  /** The operation's id. */
  readonly id: string;
  /** Whether its path has names. */
  readonly hasParams: boolean;
  /** What stands before the app's own paths. */
  readonly rootPath: string;
  readonly log: Logger;
}

/** A request whose URL was shortened for the router, as Fastify leaves it. */
type Routed = FastifyRequest["raw"] & { readonly originalUrl?: string };

/** A request as the pipeline takes it, and the client that waits for its answer. */
export class HttpRequest implements RawRequest, Waiter {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>> | undefined;
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
  readonly parts: readonly FormPart[] | undefined;
  readonly #socket: Socket;
  readonly #reply: FastifyReply;
  readonly #route: RequestRoute;
  #log: Log | undefined;
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(request: FastifyRequest, reply: FastifyReply, route: RequestRoute) {
    const { method, url = "/", originalUrl = url, rawHeaders, socket } = request.raw as Routed;
    const body = request.body as Uint8Array | FormPart[] | undefined;
    const isForm = Array.isArray(body);
    this.id = request.id;
    this.method = method as string;
    this.url = originalUrl;
    this.params = route.hasParams ? (request.params as Record<string, string>) : undefined;
    this.headers = rawHeaders;
    this.body = isForm ? undefined : body;
    this.parts = isForm ? body : undefined;
    this.#socket = socket;
    this.#reply = reply;
    this.#route = route;
  }

  get query(): QueryValues {
    return this.#reply.request.query as QueryValues;
  }

  get client(): ClientAddress {
    const { remoteAddress = "", remotePort = 0 } = this.#socket;
    const { ip } = this.#reply.request;
    return ip === undefined || ip === remoteAddress
      ? { host: remoteAddress, port: remotePort }
      : { host: ip, port: 0 }; // no proxy says which port it was
  }

  get rootPath(): string {
    return this.#route.rootPath;
  }

  get isGone(): boolean {
    return hasHungUp(this.#reply.raw);
  }

  /** Made when someone asks for it: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.isGone) this.cancel(hungUp());
      else if (this.#reason !== undefined) this.#controller.abort(this.#reason);
      else this.#reply.raw.once("close", () => this.isGone && this.cancel(hungUp()));
    }
    return this.#controller.signal;
  }

  get log(): Log {
    this.#log ??= this.#route.log.child({ reqId: this.id, operation: this.#route.id });
    return this.#log;
  }

  /** Aborts the signal. */
  cancel(reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

function hungUp(): DOMException {
  return new DOMException("The client has hung up", "AbortError");
}
