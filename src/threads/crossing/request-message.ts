import type { Transferable } from "node:worker_threads";
import type { ClientAddress } from "../../app/context.ts";
import type { Log } from "../../app/log.ts";
import { type FormPart, type QueryValues, queryOf, type RawRequest } from "../../operation/raw.ts";
import { ownBytes, type Packed } from "./bytes.ts";

/** A body below this size is copied: the request can be taken back from a thread that dies or hangs before it starts. */
const TRANSFER_BODY_BYTES = 1_048_576;

/** A request as it crosses: id, method, url, params, headers joined by newlines, body, parts of a form, host and port of the client, root path, scheme or origin. */
export type RequestPayload = [
  string,
  string,
  string,
  Readonly<Record<string, string>> | undefined,
  string,
  Uint8Array | undefined,
  readonly FormPart[] | undefined,
  string,
  number,
  string,
  string,
];

/** What of a request is made anew on the other side. */
export interface RequestServices {
  /** Makes the signal, when someone asks for it. */
  signal(): AbortSignal;
  /** Makes the log, when someone asks for it. */
  log(): Log;
  /** Says how far the call is. @param progress - 0-1. */
  report(progress: number): void;
}

/** What a call is about. */
export interface CallAbout {
  /** What each line of its log carries. */
  readonly fields: object;
  /** What its signal aborts with. Default: that the client has hung up. */
  readonly cancelReason?: string;
}

/** What a call gives the request that it runs for. */
export interface CallServices {
  /** For what the call brings. */
  begin(about: CallAbout): RequestServices;
  /** For one whose reply was left open, and of which the call pulls more: its signal is about this call from now on. */
  resume(services: RequestServices): void;
}

/** The parts of a request that cross. */
export type CrossingRequest = Omit<RawRequest, "query" | "signal" | "log">;

export function packRequest(request: CrossingRequest): Packed<RequestPayload> {
  const { id, method, url, params, headers, body, client, rootPath, via } = request;
  const transfer: Transferable[] = [];
  const bytes = body === undefined ? undefined : ownBytes(body, transfer, TRANSFER_BODY_BYTES);
  const parts = request.parts?.map((part) => ownPart(part, transfer));
  return {
    payload: [
      id,
      method,
      url,
      params,
      headers.join("\n"),
      bytes,
      parts,
      client.host,
      client.port,
      rootPath,
      via,
    ],
    transfer,
  };
}

function ownPart([name, value]: FormPart, transfer: Transferable[]): FormPart {
  if (typeof value === "string" || value.bytes === undefined) return [name, value];
  return [name, { ...value, bytes: ownBytes(value.bytes, transfer, TRANSFER_BODY_BYTES) }];
}

/** The request in the thread. Headers are split when someone looks: most operations never do. */
export class ReceivedRequest implements RawRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>> | undefined;
  readonly body: Uint8Array | undefined;
  readonly parts: readonly FormPart[] | undefined;
  readonly rootPath: string;
  readonly via: string;
  readonly #joined: string;
  readonly #host: string;
  readonly #port: number;
  readonly #services: RequestServices;
  #headers: string[] | undefined;
  #query: QueryValues | undefined;

  constructor(payload: RequestPayload, services: RequestServices) {
    this.#services = services;
    [
      this.id,
      this.method,
      this.url,
      this.params,
      this.#joined,
      this.body,
      this.parts,
      this.#host,
      this.#port,
      this.rootPath,
      this.via,
    ] = payload;
  }

  get headers(): readonly string[] {
    this.#headers ??= this.#joined === "" ? [] : this.#joined.split("\n");
    return this.#headers;
  }

  get query(): QueryValues {
    this.#query ??= queryOf(this.url);
    return this.#query;
  }

  get client(): ClientAddress {
    return { host: this.#host, port: this.#port };
  }

  get signal(): AbortSignal {
    return this.#services.signal();
  }

  get log(): Log {
    return this.#services.log();
  }
}
