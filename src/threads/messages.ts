import type { MessagePort, Transferable } from "node:worker_threads";
import type { ClientAddress } from "../app/exchange.ts";
import type { AppTarget } from "../app/load.ts";
import type { FileContent } from "../app/reply.ts";
import type { DescribedError } from "../errors/described-error.ts";
import type { FormPart, HeaderPairs, RawReply, RawRequest } from "../operation/raw.ts";
import type { Claims } from "./claims.ts";
import type { GivenValues } from "./pool-options.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly offloop: "thread";
  readonly port: MessagePort;
  readonly claims: Claims;
  readonly target: AppTarget;
  /** Everything the main thread can ask for; a call names its work by its index here. */
  readonly workIds: readonly string[];
  readonly given: GivenValues;
}

/** Calls for a thread, four fields each: slot, ticket, index of the work, payload. */
export type CallBatch = unknown[];
export const CALL_FIELDS = 4;

/** Results for the pool, three fields each: slot, run time in milliseconds, outcome. */
export type ResultBatch = unknown[];
export const RESULT_FIELDS = 3;

/** A thread's first message: ready, or why not. */
export type Hello =
  | { readonly ready: true }
  | { readonly missing: string[]; readonly extra: string[] }
  | { readonly failed: DescribedError };

/** Bodies from this size on are transferred; smaller ones are copied, which is faster and can be taken back. */
const TRANSFER_MIN_BYTES = 65_536;

/** A request as it crosses: id, method, url, params, headers joined by newlines, body, parts of a form, client host and port. */
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
];

/** A payload and what of it is transferred rather than copied. */
export interface Packed<T> {
  readonly payload: T;
  readonly transfer: Transferable[];
}

export function packRequest(request: RawRequest): Packed<RequestPayload> {
  const { id, method, url, params, headers, body, client } = request;
  const transfer: Transferable[] = [];
  const bytes = body === undefined ? undefined : ownBytes(body, transfer);
  const parts = request.parts?.map((part) => ownPart(part, transfer));
  return {
    payload: [id, method, url, params, headers.join("\n"), bytes, parts, client.host, client.port],
    transfer,
  };
}

function ownPart([name, value]: FormPart, transfer: Transferable[]): FormPart {
  if (typeof value === "string" || value.bytes === undefined) return [name, value];
  return [name, { ...value, bytes: ownBytes(value.bytes, transfer) }];
}

/** The request in the thread. Headers are split when someone looks: most operations never do. */
export class ReceivedRequest implements RawRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>> | undefined;
  readonly body: Uint8Array | undefined;
  readonly parts: readonly FormPart[] | undefined;
  readonly #joined: string;
  readonly #host: string;
  readonly #port: number;
  #headers: string[] | undefined;

  constructor(payload: RequestPayload) {
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
    ] = payload;
  }

  get client(): ClientAddress {
    return { host: this.#host, port: this.#port };
  }

  get headers(): readonly string[] {
    this.#headers ??= this.#joined === "" ? [] : this.#joined.split("\n");
    return this.#headers;
  }
}

/** A task for after the response, as it crosses: its name and arguments. */
export type NamedCall = readonly [name: string, args: unknown[]];

/** What a reply has left open in its thread: its number there, and whether its body is pulled from it. */
export type LeftOpen = readonly [open: number, streams: boolean];

/** A reply as it crosses: status, media type, headers, body, background, error, what it has left open. */
export type ReplyPayload = [
  number,
  string | undefined,
  HeaderPairs | undefined,
  string | Uint8Array | FileContent | undefined,
  NamedCall[] | undefined,
  DescribedError | undefined,
  LeftOpen | undefined,
];

/** @param leftOpen - Where the rest of it is held, when there is one. */
export function packReply(reply: RawReply, leftOpen?: LeftOpen): Packed<ReplyPayload> {
  const transfer: Transferable[] = [];
  const { status, mediaType, headers, error } = reply;
  const body = packBody(reply.body, transfer);
  const background = nameCalls(reply.background);
  return { payload: [status, mediaType, headers, body, background, error, leftOpen], transfer };
}

/** Background calls as they cross. */
export function nameCalls(calls: RawReply["background"]): NamedCall[] | undefined {
  return calls?.map((call): NamedCall => [call.task.name, call.args]);
}

function packBody(body: RawReply["body"], transfer: Transferable[]): ReplyPayload[3] {
  if (typeof body === "string" && body.length < TRANSFER_MIN_BYTES) return body;
  if (typeof body === "string") return ownBytes(new TextEncoder().encode(body), transfer);
  if (body instanceof Uint8Array) return ownBytes(body, transfer);
  return body !== undefined && "file" in body ? body : undefined;
}

/** Bytes that can cross: the buffer itself when it is large and whole, else a copy of just these bytes. */
function ownBytes(bytes: Uint8Array, transfer: Transferable[]): Uint8Array {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  if (bytes.byteLength < TRANSFER_MIN_BYTES || !whole) return Uint8Array.prototype.slice.call(bytes);
  transfer.push(bytes.buffer as ArrayBuffer);
  return bytes;
}
