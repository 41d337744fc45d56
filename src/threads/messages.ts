import type { MessagePort, Transferable } from "node:worker_threads";
import type { AppTarget } from "../app/load.ts";
import type { Log, logLevels } from "../app/log.ts";
import { type DescribedError, describeError } from "../errors/described-error.ts";
import { HTTPError } from "../errors/http-error.ts";
import type { HeaderPairs, RawReply, RawRequest } from "../operation/raw.ts";
import type { Board } from "./board.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly offloop: "thread";
  readonly port: MessagePort;
  readonly board: Board;
  readonly target: AppTarget;
  /** Everything the main thread can ask for; a call names its work by its index here. */
  readonly workIds: readonly string[];
  /** Lines below this level are not worth sending. */
  readonly logLevel: string;
}

/** Calls for a thread, four fields each: slot, ticket, index of the work, payload. */
export type CallBatch = unknown[];
export const CALL_FIELDS = 4;

/** What the pool says to a thread besides calls. */
export type Control = { readonly cancelled: number } | { readonly leave: true };

/** Results for the pool, three fields each: slot, run time in milliseconds, outcome. */
export type ResultBatch = unknown[];
export const RESULT_FIELDS = 3;

/** A thread's first message: ready, or why not. */
export type Hello =
  | { readonly ready: true }
  | { readonly missing: string[]; readonly extra: string[] }
  | { readonly failed: DescribedError };

/** A line of the log on its way to the main thread. */
export interface LogLine {
  readonly level: (typeof logLevels)[number];
  readonly fields: object;
  readonly message: string | undefined;
}

/** Bodies from this size on are transferred; smaller ones are copied, which is faster and can be taken back. */
const TRANSFER_MIN_BYTES = 65_536;

/** A request as it crosses: id, method, url, params, headers joined by newlines, body. */
export type RequestPayload = [
  string,
  string,
  string,
  Readonly<Record<string, string>> | undefined,
  string,
  Uint8Array | undefined,
];

/** A payload and what of it is transferred rather than copied. */
export interface Packed<T> {
  readonly payload: T;
  readonly transfer: Transferable[];
}

export function packRequest(request: RawRequest): Packed<RequestPayload> {
  const { id, method, url, params, headers, body } = request;
  const transfer: Transferable[] = [];
  const bytes = body === undefined ? undefined : ownBytes(body, transfer);
  return { payload: [id, method, url, params, headers.join("\n"), bytes], transfer };
}

/** The request in the thread. Headers are split when someone looks: most operations never do. */
export class ReceivedRequest implements RawRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>> | undefined;
  readonly body: Uint8Array | undefined;
  readonly #joined: string;
  readonly #signal: () => AbortSignal;
  readonly #log: () => Log;
  #headers: string[] | undefined;

  /**
   * @param signal - Makes the signal when someone asks for it.
   * @param log - Makes the log when someone asks for it.
   */
  constructor(payload: RequestPayload, signal: () => AbortSignal, log: () => Log) {
    this.#signal = signal;
    this.#log = log;
    [this.id, this.method, this.url, this.params, this.#joined, this.body] = payload;
  }

  get headers(): readonly string[] {
    this.#headers ??= this.#joined === "" ? [] : this.#joined.split("\n");
    return this.#headers;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  get log(): Log {
    return this.#log();
  }
}

/** A task for after the response, as it crosses: its name and arguments. */
export type NamedCall = readonly [name: string, args: unknown[]];

/** A reply as it crosses: status, media type, headers, body, background, error. */
export type ReplyPayload = [
  number,
  string | undefined,
  HeaderPairs | undefined,
  string | Uint8Array | undefined,
  NamedCall[] | undefined,
  DescribedError | undefined,
];

export function packReply(reply: RawReply): Packed<ReplyPayload> {
  const transfer: Transferable[] = [];
  const body = packBody(reply.body, transfer);
  const background = reply.background?.map((call): NamedCall => [call.task.name, call.args]);
  return { payload: [reply.status, reply.mediaType, reply.headers, body, background, reply.error], transfer };
}

function packBody(body: RawReply["body"], transfer: Transferable[]): RawReply["body"] {
  if (body === undefined || (typeof body === "string" && body.length < TRANSFER_MIN_BYTES)) return body;
  return ownBytes(typeof body === "string" ? new TextEncoder().encode(body) : body, transfer);
}

/** Bytes that can cross: the buffer itself when it is large and whole, else a copy of just these bytes. */
function ownBytes(bytes: Uint8Array, transfer: Transferable[]): Uint8Array {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  if (bytes.byteLength < TRANSFER_MIN_BYTES || !whole) return Uint8Array.prototype.slice.call(bytes);
  transfer.push(bytes.buffer as ArrayBuffer);
  return bytes;
}

/** What a task gave: its value, or what it threw. */
export type TaskOutcome = readonly [ok: true, value: unknown] | readonly [ok: false, thrown: Thrown];

/** A thrown value as it crosses; an HTTPError keeps its meaning. */
export interface Thrown {
  readonly error: DescribedError;
  readonly http?: {
    readonly status: number;
    readonly detail: unknown;
    readonly headers: Readonly<Record<string, string>> | undefined;
  };
}

export function packThrown(thrown: unknown): Thrown {
  const error = describeError(thrown);
  if (!(thrown instanceof HTTPError)) return { error };
  return { error, http: { status: thrown.status, detail: thrown.detail, headers: thrown.headers } };
}

/** The error on the other side: same name, message, code and stack. */
export function unpackThrown({ error, http }: Thrown): Error {
  if (http !== undefined) return new HTTPError(http.status, http.detail, http.headers);
  return reviveError(error);
}

function reviveError({ type, message, stack, code, cause }: DescribedError): Error {
  const revived = new Error(message, cause === undefined ? undefined : { cause: reviveError(cause) });
  Object.defineProperty(revived, "name", { value: type, configurable: true, writable: true });
  if (stack !== undefined) revived.stack = stack;
  return code === undefined ? revived : Object.assign(revived, { code });
}
