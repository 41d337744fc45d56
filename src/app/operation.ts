import { OffloopError } from "../errors/offloop-error.ts";
import type { SourceLocation } from "../errors/source-location.ts";
import { isSchema, type Schema, type Schemas } from "../schema/schema.ts";
import type { Context, NoSchemas } from "./context.ts";
import type { OperationDocumentation } from "./documentation.ts";
import { type Lane, laneOf } from "./lane.ts";
import { checkPath, joinPath, type PathNames, pathNames } from "./path.ts";
import { timeoutMs } from "./settings.ts";

/** The HTTP methods an operation can answer. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const;
export type Method = (typeof methods)[number];

type Unknown<S, Known extends string> = { readonly [Name in Exclude<keyof S, Known>]: never };

/** What an operation declares. */
export interface OperationOptions<
  Path extends string = string,
  P extends Schemas = NoSchemas,
  Q extends Schemas = NoSchemas,
  H extends Schemas = NoSchemas,
  C extends Schemas = NoSchemas,
  B extends Schema | undefined = undefined,
> extends OperationDocumentation {
  /** A schema for each name in the path; a name without one is a string. */
  readonly params?: P & Unknown<P, PathNames<Path>>;
  /** The query parameters. A schema of an array takes all values of a repeated name, any other the last one. */
  readonly query?: Q;
  /** The headers: `x_token` reads `x-token`. */
  readonly headers?: H;
  /** The cookies. */
  readonly cookies?: C;
  /** The body, as JSON. */
  readonly body?: B;
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

/** A function that answers requests. */
export type Handler<
  Path extends string = string,
  P extends Schemas = NoSchemas,
  Q extends Schemas = NoSchemas,
  H extends Schemas = NoSchemas,
  C extends Schemas = NoSchemas,
  B extends Schema | undefined = undefined,
> = (context: Context<Path, P, Q, H, C, B>) => unknown;

/** The inputs of an operation, for those who do not care about their types. */
export interface Inputs {
  readonly params: Schemas;
  readonly query: Schemas;
  readonly headers: Schemas;
  readonly cookies: Schemas;
  readonly body: Schema | undefined;
}

/** An operation as declared: a method, a path, and the function that answers. */
export interface Operation {
  /** What threads find it by: `GET /items/:item_id`. */
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly lane: Lane;
  // biome-ignore lint/suspicious/noExplicitAny: the declaration has checked its handler against its own context
  readonly handler: (context: any) => unknown;
  readonly inputs: Inputs;
  readonly status: number;
  readonly tags: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly maxBodyBytes: number | undefined;
  readonly documentation: OperationDocumentation;
  readonly location: SourceLocation;
}

/** Options as they come in; the overloads of Router have checked their types. */
export type AnyOperationOptions = OperationOptions<
  string,
  // biome-ignore lint/suspicious/noExplicitAny: the names in params are checked at run time
  any,
  Schemas,
  Schemas,
  Schemas,
  Schema | undefined
>;

/** Makes an operation of what was said. Its lane is decided here, once. */
export function createOperation(
  method: Method,
  path: unknown,
  options: AnyOperationOptions,
  handler: unknown,
  location: SourceLocation,
): Operation {
  checkPath(path, location);
  const id = `${method} ${path}`;
  const lane = laneOf(id, handler, options.runs, location);
  const inputs: Inputs = {
    params: options.params ?? {},
    query: options.query ?? {},
    headers: options.headers ?? {},
    cookies: options.cookies ?? {},
    body: options.body,
  };
  checkInputs(id, method, path, inputs, location);
  checkStatus(id, options.status, location);
  return {
    id,
    method,
    path,
    lane,
    handler: handler as Operation["handler"],
    inputs,
    status: options.status ?? 200,
    tags: options.tags ?? [],
    timeoutMs: timeoutMs(`timeoutMs of ${id}`, options.timeoutMs),
    maxBodyBytes: options.maxBodyBytes,
    documentation: options,
    location,
  };
}

/** The same operation under a router's prefix and tags. */
export function placeOperation(operation: Operation, prefix: string, tags: readonly string[]): Operation {
  const path = joinPath(prefix, operation.path);
  checkPath(path === "" ? undefined : path, operation.location);
  return { ...operation, id: `${operation.method} ${path}`, path, tags: [...tags, ...operation.tags] };
}

function checkInputs(id: string, method: Method, path: string, inputs: Inputs, at: SourceLocation): void {
  for (const source of ["params", "query", "headers", "cookies"] as const) {
    for (const [name, schema] of Object.entries(inputs[source]))
      checkSchema(`${id}: ${source}.${name}`, schema, at);
  }
  const unknown = Object.keys(inputs.params).find((name) => !pathNames(path).includes(name));
  if (unknown !== undefined) {
    throw new OffloopError(
      "OFFLOOP_PATH_INVALID",
      `Cannot add ${id}: params has "${unknown}", the path has no :${unknown}`,
      {
        at,
        fix: `add /:${unknown} to the path, or remove it from params`,
      },
    );
  }
  if (inputs.body === undefined) return;
  checkSchema(`${id}: body`, inputs.body, at);
  if (method !== "GET" && method !== "HEAD") return;
  throw new OffloopError("OFFLOOP_BODY_NOT_ALLOWED", `Cannot add ${id}: a ${method} request has no body`, {
    at,
    fix: "use POST, PUT or PATCH, or declare query parameters",
  });
}

function checkSchema(what: string, schema: unknown, at: SourceLocation): void {
  if (isSchema(schema)) return;
  throw new OffloopError(
    "OFFLOOP_SCHEMA_INVALID",
    `Cannot use ${what}: expected a Standard Schema, got ${typeof schema}`,
    {
      at,
      fix: "pass a schema of zod, valibot, arktype or another Standard Schema library, like z.string()",
    },
  );
}

function checkStatus(id: string, status: unknown, at: SourceLocation): void {
  if (status === undefined || (Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599))
    return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot add ${id}: status is ${JSON.stringify(status)}, expected an integer of 200-599`,
    {
      at,
      fix: "set status to a final HTTP status, like 201",
    },
  );
}
