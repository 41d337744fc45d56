import type { OutputOf, OutputsOf, Schema, Schemas } from "../schema/schema.ts";
import type { Background } from "./background.ts";
import type { Log } from "./log.ts";
import type { PathNames } from "./path.ts";

/** No names declared. */
export type NoSchemas = Readonly<Record<never, never>>;

/** The values of the path's names: what their schema gives, or the string in the URL where there is no schema. */
export type PathValues<Path extends string, P extends Schemas> = {
  readonly [Name in PathNames<Path>]: Name extends keyof P ? OutputOf<P[Name]> : string;
};

/** The request as it came, for what is not declared. */
export interface RequestInfo {
  /** Its number in the log. */
  readonly id: string;
  /** Its method, in capitals. */
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** All headers, as sent. */
  readonly headers: Headers;
}

/** The response to be: set before the handler returns. */
export interface ResponseInfo {
  /** Its status, 200-599. Default: the operation's `status`, or 200. */
  status: number;
  /** Its headers. `content-type` and `content-length` are set after the handler. */
  readonly headers: Headers;
}

/** What a handler receives: one object, typed by what the operation declares. */
export interface Context<
  Path extends string = string,
  P extends Schemas = NoSchemas,
  Q extends Schemas = NoSchemas,
  H extends Schemas = NoSchemas,
  C extends Schemas = NoSchemas,
  B extends Schema | undefined = undefined,
> {
  /** The values of the path's names. */
  readonly params: PathValues<Path, P>;
  /** The declared query parameters. */
  readonly query: OutputsOf<Q>;
  /** The declared headers, by their declared names. */
  readonly headers: OutputsOf<H>;
  /** The declared cookies. */
  readonly cookies: OutputsOf<C>;
  /** The declared body. */
  readonly body: B extends Schema ? OutputOf<B> : undefined;
  /**
   * Aborts when the client hangs up, and on the loop when the deadline passes. On a thread `signal.aborted` and
   * `signal.throwIfAborted()` can be asked in the middle of synchronous code.
   */
  readonly signal: AbortSignal;
  /** Work for after the response. */
  readonly background: Background;
  /** The log, with this request's id in every line. */
  readonly log: Log;
  /** The request as it came. */
  readonly request: RequestInfo;
  /** Status and headers of the response. */
  readonly response: ResponseInfo;
}
