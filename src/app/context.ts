import type { AnySchema, OutputOf, Schemas, ValuesOf } from "../schema/schema.ts";
import type { Background } from "./background.ts";
import type { Dependencies, DependencyValues } from "./dependency.ts";
import type { RequestInfo, ResponseInfo } from "./exchange.ts";
import type { Log } from "./log.ts";
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
