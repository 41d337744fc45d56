import type { BackgroundCall } from "../app/background.ts";
import type { Log } from "../app/log.ts";
import type { DescribedError } from "../errors/described-error.ts";

/** A request as the pipeline takes it: bytes and strings, nothing parsed. */
export interface RawRequest {
  /** Its number in the log. */
  readonly id: string;
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** What the router took from the path; undefined when the path has no names. */
  readonly params: Readonly<Record<string, string>> | undefined;
  /** Names and values in turn, as sent. */
  readonly headers: readonly string[];
  /** The body's bytes; undefined when there were none. */
  readonly body: Uint8Array | undefined;
  /** Aborts when nobody waits for the answer any more: the client hung up, or the deadline passed. */
  readonly signal: AbortSignal;
  /** The log, with this request's id in every line. */
  readonly log: Log;
}

/** Header names and values in pairs; a name may come twice. */
export type HeaderPairs = readonly (readonly [string, string])[];

/** A response as the pipeline gives it: ready to be written. */
export interface RawReply {
  readonly status: number;
  /** The body's media type; undefined when there is no body. */
  readonly mediaType: string | undefined;
  readonly headers: HeaderPairs | undefined;
  /** The body. A string is written as UTF-8. */
  readonly body: string | Uint8Array | undefined;
  /** What runs after it is sent. */
  readonly background: readonly BackgroundCall[] | undefined;
  /** What the handler threw, when that is not meant for the client: for the log. */
  readonly error: DescribedError | undefined;
}
