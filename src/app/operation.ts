import { isFinalStatus } from "../errors/http-error.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { type AnySchema, isSchema } from "../schema/schema.ts";
import { type NamedDependency, namedDependencies } from "./dependency.ts";
import type { OperationDocumentation } from "./documentation.ts";
import { checkDocumentation } from "./documentation-mistakes.ts";
import { flag } from "./flag.ts";
import { type OperationOptions, operationOptionNames } from "./handler.ts";
import { checkInputs, formAndBody, type Inputs, schemaInvalid } from "./inputs.ts";
import { integer, timeoutMs } from "./integer.ts";
import { type AnyFunction, type Lane, laneOf } from "./lane.ts";
import type { Layered } from "./layer.ts";
import type { Method } from "./method.ts";
import { checkOptionNames } from "./option-names.ts";
import { checkPath, joinPath, pathEmpty, pathNames } from "./path.ts";
import { type Inherited, inheritDocumentation } from "./router-options.ts";

/** An operation as declared: a method, a path, and the function that answers. */
export interface Operation extends Layered {
  /** The id by which threads find it: `GET /items/:item_id`. */
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly lane: Lane;
  // biome-ignore lint/suspicious/noExplicitAny: the declaration has checked its handler against its own context
  readonly handler: (context: any) => unknown;
  readonly inputs: Inputs;
  /** Whether its handler reads the body while it arrives. */
  readonly streamsBody: boolean;
  /** With those of its routers first. All of them run; of those with the same name, the last is received. */
  readonly deps: readonly NamedDependency[];
  readonly response: AnySchema | undefined;
  readonly status: number;
  readonly tags: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly maxBodyBytes: number | undefined;
  /** Whether JSON is taken as it is; undefined to do as the app does. */
  readonly strictTypes: boolean | undefined;
  readonly documentation: OperationDocumentation;
  /** Whether it handles the messages of a websocket instead of requests. */
  readonly isMessage: boolean;
  /** The path its app is mounted at, which `path` begins with; empty in an app that is not mounted. */
  readonly mountedAt: string;
  /** The rule of the nearest router that has one. */
  readonly operationIdRule: Inherited["operationIdRule"];
  readonly location: SourceLocation;
}

/** The defaults of an operation that no router and no app has included yet. */
export const onItsOwn: Pick<Operation, "mountedAt" | "operationIdRule" | keyof Layered> = {
  mountedAt: "",
  operationIdRule: undefined,
  layers: [],
  outerLayers: [],
};

/** Where an operation is declared to answer. */
export interface DeclaredPath {
  readonly path: unknown;
  /** That of the router that declares it; what includes this router may add another. */
  readonly prefix: string;
}

/** Makes an operation from its declaration. Its lane is decided here, once. */
export function createOperation(
  { method, path, prefix }: DeclaredPath & { readonly method: Method },
  options: OperationOptions,
  handler: unknown,
  location: SourceLocation,
): Operation {
  checkPath(path, location);
  const id = `${method} ${path}`;
  const lane = laneOf(id, handler, options.runs, location);
  checkParameters(id, "its handler", handler as AnyFunction, {
    at: location,
    fix: "take the names you need, like ({ request, response }) => ..., and return the value to send",
  });
  checkOptionNames(`declare ${id}`, options, operationOptionNames, location);
  checkDocumentation(id, options, location);
  const { body, ...others } = options;
  const streamsBody = body === "stream";
  const inputs = checkInputs(id, streamsBody || body === undefined ? others : { ...others, body }, location);
  if (streamsBody && inputs.form !== undefined) throw formAndBody(id, location);
  checkPathParams(id, joinPath(prefix, path), inputs.params, location);
  checkMayHaveBody({ id, method, location, streamsBody }, inputs);
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
    streamsBody,
    deps: namedDependencies(id, options.deps ?? {}, location),
    response: options.response,
    status: options.status ?? 200,
    tags: options.tags ?? [],
    timeoutMs: timeoutMs(`timeoutMs of ${id}`, options.timeoutMs, location),
    maxBodyBytes: bodyLimit(id, options.maxBodyBytes, location),
    strictTypes: flag(`strictTypes of ${id}`, options.strictTypes, location),
    documentation: options,
    isMessage: false,
    ...onItsOwn,
    location,
  };
}

/** The same operation under a router's prefix, tags, dependencies and documentation. */
export function operationWithin(operation: Operation, inherited: Inherited): Operation {
  const { prefix, tags, deps, documentation, operationIdRule, layers } = inherited;
  const path = joinPath(prefix, operation.path);
  if (path === "") throw pathEmpty(operation.method, operation.location);
  checkPath(path, operation.location);
  return {
    ...operation,
    id: `${operation.method} ${path}`,
    path,
    tags: [...tags, ...operation.tags],
    deps: [...deps, ...operation.deps],
    documentation: inheritDocumentation(documentation, operation.documentation),
    operationIdRule,
    layers,
  };
}

function checkMayHaveBody(
  { id, method, location: at, streamsBody }: Pick<Operation, "id" | "method" | "location" | "streamsBody">,
  { body, form }: Inputs,
): void {
  const readsBody = streamsBody || body !== undefined || form !== undefined;
  if (!readsBody || (method !== "GET" && method !== "HEAD")) return;
  throw new OffloopError("OFFLOOP_BODY_NOT_ALLOWED", `Cannot add ${id}: a ${method} request has no body`, {
    at,
    fix: "use POST, PUT or PATCH, or declare query parameters",
  });
}

/**
 * @param path - With the prefix of the router that declares it.
 * @throws {OffloopError} `OFFLOOP_PATH_INVALID` when params has a name that is missing from the path.
 */
export function checkPathParams(
  id: string,
  path: string,
  params: Inputs["params"],
  at: SourceLocation,
): void {
  const unknown = Object.keys(params).find((name) => !pathNames(path).includes(name));
  if (unknown === undefined) return;
  throw new OffloopError(
    "OFFLOOP_PATH_INVALID",
    `Cannot add ${id}: params has "${unknown}", but the path has no :${unknown}`,
    {
      at,
      fix: `add /:${unknown} to the path, or remove it from params`,
    },
  );
}

/** Fastify's and Express's handlers take a reply beside the request. Defaults and rest parameters do not count. */
export function checkParameters(
  id: string,
  what: string,
  { length }: AnyFunction,
  about: { readonly at: SourceLocation; readonly fix: string },
): void {
  if (length < 2) return;
  throw new OffloopError(
    "OFFLOOP_HANDLER_INVALID",
    `Cannot add ${id}: ${what} has ${length} parameters, and receives one, its context`,
    about,
  );
}

/** A streamed body may be larger than any that is held in memory. */
function bodyLimit(id: string, bytes: unknown, at: SourceLocation): number | undefined {
  return bytes === undefined
    ? undefined
    : integer(`maxBodyBytes of ${id}`, bytes, [1, Number.MAX_SAFE_INTEGER], at);
}

function checkStatus(id: string, status: unknown, at: SourceLocation): void {
  if (status === undefined || isFinalStatus(status)) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot add ${id}: status is ${shownValue(status)}, expected an integer from 200 to 599`,
    {
      at,
      fix: "set status to a final HTTP status, like 201",
    },
  );
}
