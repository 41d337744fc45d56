import type { AnySchema, OutputOf, ValuesOf } from "../schema/schema.ts";
import type { Dependencies, DependencyValues } from "./dependency.ts";
import type { InputOptions } from "./inputs.ts";
import type { Log } from "./log.ts";
import type { OptionalNames, PathNames } from "./path.ts";
import type { Session, SessionValues } from "./session.ts";
import type { Background } from "./tasks/background.ts";
import type { Uploaded } from "./uploaded-file.ts";
import type { UrlArgumentsOf, UrlTarget } from "./urls.ts";

/** No names declared. */
export type NoNames = Readonly<Record<never, never>>;

/** The type of a context: its declared inputs and dependencies. */
export interface Shape extends Omit<InputOptions, "body"> {
  /**
   * The body, as JSON: one schema for all of it, or one for each of its keys. With `"stream"` it is left to the
   * handler, which reads it with `request.stream()` while it arrives.
   */
  readonly body?: NonNullable<InputOptions["body"]> | "stream";
  /** Its dependencies, by the names under which it receives them. */
  readonly deps?: Dependencies;
}

/** The declaration under a name; something else where there is none. */
export type Declared<S, Name extends PropertyKey, Else> = Name extends keyof S
  ? Exclude<S[Name], undefined>
  : Else;

/** The values of the path parameters: the output of their schema, or the string in the URL where there is no schema. */
type PathValues<Path extends string, P> = {
  readonly [Name in PathNames<Path>]: Name extends keyof P
    ? P[Name] extends AnySchema
      ? OutputOf<P[Name]>
      : string
    : Name extends OptionalNames<Path>
      ? string | undefined
      : string;
};

/** The value of a declared body or form; undefined where none is declared. */
type BodyValue<B> = B extends undefined | "stream" ? undefined : ValuesOf<B>;

/** The part of the context that every handler and dependency receives, in addition to what it declares. */
export interface BaseContext {
  /**
   * Aborts when the client hangs up, and on the loop when the deadline passes. On a thread you can check
   * `signal.aborted` and `signal.throwIfAborted()` even in the middle of synchronous code.
   */
  readonly signal: AbortSignal;
  /** Work to do after the response. */
  readonly background: Background;
  /** The log, with this request's id in every line. */
  readonly log: Log;
  /** The request as it was sent. */
  readonly request: RequestInfo;
  /** Status, headers and cookies of the response. */
  readonly response: ResponseInfo;
  /**
   * Data kept for this visitor between requests: change it in place, and the response writes it back. Reading it throws
   * `OFFLOOP_SESSION_UNSET` if the app has no `session` settings.
   */
  readonly session: Session;
}

/** The declared inputs of an operation, validated. */
interface InputValues<Path extends string, S extends Shape> extends Omit<BaseContext, "session"> {
  /** The values of the path parameters. */
  readonly params: PathValues<Path, Declared<S, "params", NoNames>>;
  /** The declared query parameters. */
  readonly query: ValuesOf<Declared<S, "query", NoNames>>;
  /** The declared headers, by their declared names. */
  readonly headers: ValuesOf<Declared<S, "headers", NoNames>>;
  /** The declared cookies. */
  readonly cookies: ValuesOf<Declared<S, "cookies", NoNames>>;
  /** The declared body: one schema's value, or one for each key; undefined when none is declared. */
  readonly body: BodyValue<Declared<S, "body", undefined>>;
  /** The declared form, with its files as uploaded files; undefined when none is declared. */
  readonly form: Uploaded<BodyValue<Declared<S, "form", undefined>>>;
}

/**
 * A handler's argument: one object, typed by the operation's declarations, with its dependencies by name.
 *
 * @typeParam Path - The path, whose parameters `params` has.
 * @typeParam S - The declarations.
 * @typeParam Outer - The dependencies of the routers around it; its own take precedence over those of the same name.
 */
export type Context<
  Path extends string = string,
  S extends Shape = NoNames,
  Outer extends Dependencies = NoNames,
> = InputValues<Path, S> &
  SessionUnless<S, WithOuter<Declared<S, "deps", NoNames>, Outer>> &
  DependencyValues<WithOuter<Declared<S, "deps", NoNames>, Outer>>;

/** A dependency called `session` takes the place of the session. */
type SessionUnless<S, Deps> = "session" extends keyof Deps
  ? unknown
  : {
      /** Data kept for this visitor between requests: change it in place, and the response writes it back. */
      readonly session: SessionValues<Declared<S, "session", undefined>>;
    };

type WithOuter<Own, Outer> = Own & Omit<Outer, keyof Own>;

/** A body piece by piece. If you leave a loop, the next one continues where it stopped. */
export interface BodyStream extends AsyncIterable<Uint8Array>, Iterable<Uint8Array> {}

/** Who sent the request. */
export interface ClientAddress {
  /**
   * The address the connection comes from, empty on a Unix socket; with `trustProxy`, the client's own address as given by
   * a trusted proxy.
   */
  readonly host: string;
  /** Its port; 0 when a proxy supplied the address. */
  readonly port: number;
}

/** The request as sent, for everything that is not declared. */
export interface RequestInfo {
  /** Its id in the log. */
  readonly id: string;
  /** Its method, in capitals. */
  readonly method: string;
  /**
   * Path and query, as sent. `new URL(request.origin + request.url)` has their parts. Do not pass the origin as a base: a
   * path that begins with two slashes would name a host of the client's choice.
   */
  readonly url: string;
  /**
   * The prefix that clients put before the app's own paths: its `rootPath`, then the path it is
   * mounted at. Empty for none.
   */
  readonly rootPath: string;
  /**
   * Scheme and host as the client gave them, `https://shop.example`; with `trustProxy`, as the proxy gives them. Empty
   * for a client that names no host.
   */
  readonly origin: string;
  /**
   * Returns the full URL of an operation, with the app's root path: Starlette's `url_for`. In a mounted app its own
   * operations take precedence. A websocket's begins with `ws:` or `wss:`.
   *
   * @param operation - What `app.get`, `app.websocket` and the others returned; or its `operationId`, or the name of its handler, which
   * are checked at run time only.
   * @param params - A value for each parameter in its path; an optional one, `/pages/:page?`, may be left out.
   * @throws {OffloopError} `OFFLOOP_URL_UNKNOWN`.
   */
  urlFor<Target extends UrlTarget>(operation: Target, ...params: UrlArgumentsOf<Target>): string;
  /** All headers, as sent. */
  readonly headers: Headers;
  /** All cookies, by name. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /**
   * The body's bytes as sent; empty when there were none, or when they were read as an uploaded form.
   *
   * @throws {OffloopError} `OFFLOOP_BODY_STREAM` where the operation declares `body: "stream"`.
   */
  readonly bytes: Uint8Array;
  /**
   * The body piece by piece: Starlette's `request.stream()`. Where the operation declares `body: "stream"`, the pieces
   * are read as they arrive, once, and no more than some 400 KiB of them wait in memory; elsewhere it is {@link bytes},
   * in one piece. No piece is empty; their sizes depend on the network.
   *
   * Async functions read it with `for await`. Plain ones use `for`, which blocks their thread until a piece has come.
   *
   * Reading it throws an `HTTPError` 413 past `maxBodyBytes` and 400 for a body that a plugin cannot decode; a
   * `DOMException` when the client hangs up, the deadline passes or the response has been sent; and an `OffloopError`
   * `OFFLOOP_BODY_STREAM` when it has already been read, or when a plain `for` would block the event loop.
   *
   * @example
   * ```ts
   * import { createHash } from "node:crypto";
   * import { App } from "offloop";
   *
   * const app = new App();
   * app.put("/checksum", { body: "stream", maxBodyBytes: 5_000_000_000 }, ({ request }) => {
   *   const hash = createHash("sha256");
   *   for (const piece of request.stream()) hash.update(piece);
   *   return hash.digest("hex");
   * });
   * ```
   */
  stream(): BodyStream;
  /** Where the connection comes from. */
  readonly client: ClientAddress;
}

/** Attributes of a cookie you set. */
export interface CookieOptions {
  /** How long it lives, in whole seconds. Default: until the browser closes. */
  readonly maxAge?: number | undefined;
  /** When it expires. Default: when the browser closes. */
  readonly expires?: Date | undefined;
  /** The path it is sent for, including all paths below. Default `"/"`. */
  readonly path?: string | undefined;
  /** The domain it is sent to, including its subdomains. Default: the host that sets it. */
  readonly domain?: string | undefined;
  /** Whether it is sent over HTTPS only. Default false; true for a name that begins with `__Host-` or `__Secure-`. */
  readonly secure?: boolean | undefined;
  /** Whether it is hidden from scripts. Default false. */
  readonly httpOnly?: boolean | undefined;
  /** Whether it is sent with requests from other sites. Default `"lax"`. */
  readonly sameSite?: "lax" | "strict" | "none" | undefined;
}

/** What must be as the cookie was set with, so that the client forgets it. */
export type DeletedCookieOptions = Omit<CookieOptions, "maxAge" | "expires">;

/** The future response: set it before the handler returns. */
export interface ResponseInfo {
  /** Its status, 200-599; another one throws `OFFLOOP_REPLY_INVALID`. Default: the operation's `status`, or 200. */
  status: number;
  /** Its headers. A `content-type` set here is sent; `content-length` is set after the handler. */
  readonly headers: Headers;
  /**
   * Sets a cookie: Starlette's `set_cookie`. A value may be any text.
   *
   * @throws {TypeError} For a name or an attribute that a cookie cannot have.
   */
  setCookie(name: string, value: string, options?: CookieOptions): void;
  /**
   * Makes the client forget a cookie: Starlette's `delete_cookie`. Path and domain must be those it was set with, and
   * `sameSite: "none"` needs `secure: true` here as well.
   */
  deleteCookie(name: string, options?: DeletedCookieOptions): void;
}
