import type { AnySchema, OutputOf, Schemas, ValuesOf } from "../schema/schema.ts";
import type { Background } from "./background.ts";
import type { Dependencies, DependencyValues } from "./dependency.ts";
import type { PathNames } from "./path.ts";
import type { Uploaded } from "./uploaded-file.ts";

/** No names declared. */
export type NoSchemas = Readonly<Record<never, never>>;

/** A record of schemas, or one schema for all of it. */
export type Model = Schemas | AnySchema;

/** The values of the path's names: what their schema gives, or the string in the URL where there is no schema. */
export type PathValues<Path extends string, P extends Schemas> = {
  readonly [Name in PathNames<Path>]: Name extends keyof P ? OutputOf<P[Name]> : string;
};

/** The declared body: one schema's value, or one for each key; undefined when none is declared. */
export type BodyValue<B extends Model | undefined> = B extends Model ? ValuesOf<B> : undefined;

/** The declared form, its files as uploaded ones; undefined when none is declared. */
export type FormValue<F extends Model | undefined> = F extends Model ? Uploaded<ValuesOf<F>> : undefined;

/** What every handler and dependency receives besides what it declares. */
export interface BaseContext {
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
  /** Status, headers and cookies of the response. */
  readonly response: ResponseInfo;
}

/** The inputs an operation declares, valid. */
export interface InputValues<
  Path extends string,
  P extends Schemas,
  Q extends Model,
  H extends Model,
  C extends Model,
  B extends Model | undefined,
  F extends Model | undefined,
> extends BaseContext {
  /** The values of the path's names. */
  readonly params: PathValues<Path, P>;
  /** The declared query parameters. */
  readonly query: ValuesOf<Q>;
  /** The declared headers, by their declared names. */
  readonly headers: ValuesOf<H>;
  /** The declared cookies. */
  readonly cookies: ValuesOf<C>;
  /** The declared body. */
  readonly body: BodyValue<B>;
  /** The declared form fields and files. */
  readonly form: FormValue<F>;
}

/** What a handler receives: one object, typed by what the operation declares, with its dependencies by name. */
export type Context<
  Path extends string = string,
  P extends Schemas = NoSchemas,
  Q extends Model = NoSchemas,
  H extends Model = NoSchemas,
  C extends Model = NoSchemas,
  B extends Model | undefined = undefined,
  F extends Model | undefined = undefined,
  D extends Dependencies = NoSchemas,
> = InputValues<Path, P, Q, H, C, B, F> & DependencyValues<D>;

/** Who sent the request. */
export interface ClientAddress {
  /** The address the connection comes from; the client's own, where a proxy in front is trusted with `trustProxy`. */
  readonly host: string;
  /** Its port; 0 when a proxy told the address. */
  readonly port: number;
}

/** The request as it came, for what is not declared. */
export interface RequestInfo {
  /** Its number in the log. */
  readonly id: string;
  /** Its method, in capitals. */
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** What clients put before the app's own paths: its `rootPath`, then the path it is mounted at. Empty for none. */
  readonly rootPath: string;
  /** All headers, as sent. */
  readonly headers: Headers;
  /** All cookies, by name. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** The body's bytes as sent; empty when there were none, or when they were read as an uploaded form. */
  readonly bytes: Uint8Array;
  /** Where the connection comes from. */
  readonly client: ClientAddress;
}

/** Attributes of a cookie that is set. */
export interface CookieOptions {
  /** How long it lives, in seconds. Default: until the browser closes. */
  readonly maxAge?: number;
  /** When it ends. Default: when the browser closes. */
  readonly expires?: Date;
  /** The path it is sent for, with those below. Default `"/"`. */
  readonly path?: string;
  /** The domain it is sent to, with those below. Default: the host that sets it. */
  readonly domain?: string;
  /** Whether it is sent over HTTPS only. Default false. */
  readonly secure?: boolean;
  /** Whether it is hidden from scripts. Default false. */
  readonly httpOnly?: boolean;
  /** Whether it goes along with requests from other sites. Default `"lax"`. */
  readonly sameSite?: "lax" | "strict" | "none";
}

/** The response to be: set before the handler returns. */
export interface ResponseInfo {
  /** Its status, 200-599. Default: the operation's `status`, or 200. */
  status: number;
  /** Its headers. A `content-type` set here is sent; `content-length` is set after the handler. */
  readonly headers: Headers;
  /** Sets a cookie: Starlette's `set_cookie`. */
  setCookie(name: string, value: string, options?: CookieOptions): void;
  /** Has the client forget a cookie; path and domain must be those it was set with. */
  deleteCookie(name: string, options?: Pick<CookieOptions, "path" | "domain">): void;
}

/** Writes one line of the log. */
export interface LogFunction {
  /** A message. */
  (message: string): void;
  /** Fields of the line, and its message. On a thread the fields are cloned. */
  (fields: object, message?: string): void;
}

/** The levels, from the least to the most urgent, as in pino. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/**
 * The log of a request: every line carries the request's id, the operation, and on a thread the thread's number. Lines
 * of one request keep their order, and all threads write into one stream.
 */
export type Log = { readonly [Level in (typeof logLevels)[number]]: LogFunction };
