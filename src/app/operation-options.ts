import type { AnySchema, Schemas } from "../schema/schema.ts";
import type { Model, NoSchemas } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import { documentationNames, type OperationDocumentation } from "./documentation.ts";
import { inputNames } from "./inputs.ts";
import type { Lane } from "./lane.ts";
import type { PathNames } from "./path.ts";

/** Refuses other names: the type that nothing fits is what the compiler's message quotes. */
type Unknown<S, Known extends string> = {
  readonly [Name in Exclude<keyof S, Known>]: `the path has no :${Name & string}`;
};

/** What an operation declares. */
export interface OperationOptions<
  Path extends string = string,
  P extends Schemas = NoSchemas,
  Q extends Model = NoSchemas,
  H extends Model = NoSchemas,
  C extends Model = NoSchemas,
  B extends Model | undefined = undefined,
  F extends Model | undefined = undefined,
  D extends Dependencies = NoSchemas,
  R extends AnySchema | undefined = undefined,
> extends OperationDocumentation {
  /** A schema for each name in the path; a name without one is a string. */
  readonly params?: P & Unknown<P, PathNames<Path>>;
  /**
   * The query parameters, or one schema for all of them. A schema of an array takes all values of a repeated name, any
   * other the last one.
   */
  readonly query?: Q;
  /** The headers, or one schema for all of them: `x_token` reads `x-token`. */
  readonly headers?: H;
  /** The cookies, or one schema for all of them. */
  readonly cookies?: C;
  /** The body, as JSON: one schema for all of it, or one for each of its keys. */
  readonly body?: B;
  /**
   * The fields and files of a form, or one schema for all of them. A file's schema is one of a web `File`, like
   * `z.file()`; the handler receives an `UploadedFile`.
   */
  readonly form?: F;
  /** What it needs, by the name under which it receives it, after what its routers need. */
  readonly deps?: D;
  /** What it returns: anything else is a mistake, logged and answered with 500; fields the schema drops are not sent. */
  readonly response?: R;
  /** The status of a success, 200-399. Default 200. */
  readonly status?: number;
  /** Where it runs, against the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane;
  /**
   * How long a call may run; past it 504. On a thread the call is ended and the thread replaced; on the loop `signal`
   * aborts, and the function may go on. Milliseconds, 1-86,400,000. Default: the app's `timeouts.operationMs`.
   */
  readonly timeoutMs?: number;
  /** Largest body accepted, in bytes; past it 413. Default: the app's `maxBodyBytes`. */
  readonly maxBodyBytes?: number;
  /** Tags, after those of its routers. */
  readonly tags?: readonly string[];
}

/** The names of all of them. */
export const operationOptionNames: Readonly<Record<keyof OperationOptions, true>> = {
  ...documentationNames,
  ...inputNames,
  deps: true,
  response: true,
  status: true,
  runs: true,
  timeoutMs: true,
  maxBodyBytes: true,
  tags: true,
};

/** Options as they come in; the overloads of Router have checked their types. */
export type AnyOperationOptions = OperationOptions<
  string,
  // biome-ignore lint/suspicious/noExplicitAny: the names in params are checked at run time
  any,
  Model,
  Model,
  Model,
  Model | undefined,
  Model | undefined,
  Dependencies,
  AnySchema | undefined
>;
