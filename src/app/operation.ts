import { OffloopError } from "../errors/offloop-error.ts";
import type { SourceLocation } from "../errors/source-location.ts";
import { type AnySchema, isSchema, type Schemas } from "../schema/schema.ts";
import type { Model, NoSchemas } from "./context.ts";
import { type Dependencies, type NamedDependency, namedDependencies } from "./dependency.ts";
import type { OperationDocumentation } from "./documentation.ts";
import { checkInputs, type Inputs, schemaInvalid } from "./inputs.ts";
import { type Lane, laneOf } from "./lane.ts";
import { checkPath, joinPath, type PathNames, pathNames } from "./path.ts";
import { documentedWithin, type RouterPlace } from "./router-place.ts";
import { timeoutMs } from "./settings.ts";

/** The HTTP methods an operation can answer. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const;
export type Method = (typeof methods)[number];

type Unknown<S, Known extends string> = { readonly [Name in Exclude<keyof S, Known>]: never };

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
  /** Those of its routers first. All run; the last of a name is received. */
  readonly deps: readonly NamedDependency[];
  readonly response: AnySchema | undefined;
  readonly status: number;
  readonly tags: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly maxBodyBytes: number | undefined;
  readonly documentation: OperationDocumentation;
  /** The path its app is mounted at, which `path` begins with; empty in an app that is not. */
  readonly mountedAt: string;
  /** The rule of the nearest router that has one. */
  readonly operationIdRule: RouterPlace["operationIdRule"];
  readonly location: SourceLocation;
}

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
  const inputs = checkInputs(id, options, location);
  checkOperationInputs(id, method, path, inputs, location);
  if (options.response !== undefined && !isSchema(options.response))
    throw schemaInvalid(`${id}: response`, options.response, location);
  checkStatus(id, options.status, location);
  return {
    id,
    method,
    path,
    lane,
    handler: handler as Operation["handler"],
    inputs,
    deps: namedDependencies(id, options.deps ?? {}, location),
    response: options.response,
    status: options.status ?? 200,
    tags: options.tags ?? [],
    timeoutMs: timeoutMs(`timeoutMs of ${id}`, options.timeoutMs),
    maxBodyBytes: options.maxBodyBytes,
    documentation: options,
    mountedAt: "",
    operationIdRule: undefined,
    location,
  };
}

/** The same operation under a router's prefix, tags, dependencies and documentation. */
export function placeOperation(operation: Operation, place: RouterPlace): Operation {
  const { prefix, tags, deps, documentation, operationIdRule } = place;
  const path = joinPath(prefix, operation.path);
  checkPath(path === "" ? undefined : path, operation.location);
  return {
    ...operation,
    id: `${operation.method} ${path}`,
    path,
    tags: [...tags, ...operation.tags],
    deps: [...deps, ...operation.deps],
    documentation: documentedWithin(documentation, operation.documentation),
    operationIdRule,
  };
}

function checkOperationInputs(
  id: string,
  method: Method,
  path: string,
  { params, body, form }: Inputs,
  at: SourceLocation,
): void {
  const unknown = Object.keys(params).find((name) => !pathNames(path).includes(name));
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
  if ((body === undefined && form === undefined) || (method !== "GET" && method !== "HEAD")) return;
  throw new OffloopError("OFFLOOP_BODY_NOT_ALLOWED", `Cannot add ${id}: a ${method} request has no body`, {
    at,
    fix: "use POST, PUT or PATCH, or declare query parameters",
  });
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
