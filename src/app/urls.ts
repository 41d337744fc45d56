import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { kindOf } from "../errors/shown-value.ts";
import type { AnySchema, InputOf, Schemas } from "../schema/schema.ts";
import { nearest } from "./option-names.ts";
import {
  type OptionalNames,
  optionalNames,
  type PathNames,
  pathNames,
  replaceParameters,
  withoutOptional,
} from "./path.ts";

/** What can be written into a path. */
type UrlValue = string | number | bigint | boolean;

/** The values of a path's parameters; `*` stands for the rest of it, including slashes. An optional one may be undefined. */
export type UrlParams = Readonly<Record<string, UrlValue | undefined>>;

/**
 * A declared operation: what `app.get` and the others return, and what `urlFor` makes a URL of. A websocket's
 * `WebSocketHandle` is one, too.
 *
 * @typeParam Path - Its path.
 * @typeParam Params - The schemas of its path parameters.
 */
export interface OperationHandle<Path extends string = string, Params = Schemas> {
  /** Its path as declared, without the prefixes of its routers. */
  readonly path: Path;
  /** The declared schemas of its path parameters, by name. */
  readonly params: Params;
  /** Where it is declared. */
  readonly location: SourceLocation;
}

/** The arguments of `urlFor` after an operation: values for the names in its path. It needs none if there are no names. */
export type UrlArguments<Path extends string, Params> =
  {} extends TypedParams<Path, Params>
    ? [params?: TypedParams<Path, Params>]
    : [params: TypedParams<Path, Params>];

/** The arguments of `urlFor` after what it is asked for; by name nothing but the kind of values is known. */
export type UrlArgumentsOf<Target> =
  Target extends OperationHandle<infer Path, infer Params>
    ? UrlArguments<Path, Params>
    : [params?: UrlParams];

/** What `urlFor` makes a URL of: an operation, its `operationId`, or the name of its handler. */
// biome-ignore lint/suspicious/noExplicitAny: any operation at all
export type UrlTarget = string | OperationHandle<any, any>;

/** A handle knows only its own path, not the prefixes around it, so other names are allowed and checked at run time. */
type TypedParams<Path extends string, Params> = UrlParams & {
  readonly [Name in Exclude<PathNames<Path>, OptionalNames<Path>>]: ValueFor<Params, Name>;
} & {
  readonly [Name in OptionalNames<Path>]?: ValueFor<Params, Name> | undefined;
};

type ValueFor<Params, Name> = Name extends keyof Params ? Written<Params[Name]> : UrlValue;

/** What a schema accepts, if it can be written into a path; a date, for one, is written as text. */
type Written<S> = S extends AnySchema
  ? [Exclude<InputOf<S>, undefined>] extends [UrlValue]
    ? Exclude<InputOf<S>, undefined>
    : UrlValue
  : UrlValue;

/** The parts that a URL is made from. */
export interface NamedPath {
  readonly path: string;
  readonly mountedAt: string;
  readonly handler: { readonly name: string };
  readonly documentation: { readonly operationId?: string | undefined };
  /** The object that everything made of one declaration shares, whichever routers and apps it is in. */
  readonly location: SourceLocation;
}

/** What is served together. */
export interface ServedPaths {
  readonly operations: readonly NamedPath[];
  /** The websockets, which have no names. */
  readonly sockets: readonly NamedPath[];
}

/** The paths of all operations and websockets that are served together. */
export class Urls {
  /** The prefix before the paths of what is served. */
  readonly rootPath: string;
  readonly #served: ServedPaths;
  #byName: ReadonlyMap<string, readonly NamedPath[]> | undefined;
  #byLocation: ReadonlyMap<SourceLocation, readonly NamedPath[]> | undefined;

  constructor(served: ServedPaths, rootPath = "") {
    this.rootPath = rootPath;
    this.#served = served;
  }

  /**
   * The path of an operation, relative to the root of what is served.
   *
   * @param operation - The operation, its `operationId`, or the name of its handler. The app's own operations take
   * precedence over those of mounted apps.
   * @param mountedAt - Where the asking app is mounted.
   * @throws {OffloopError} `OFFLOOP_URL_UNKNOWN`.
   */
  pathOf(operation: string | OperationHandle, params: UrlParams, mountedAt: string): string {
    const { path } = this.#find(operation, mountedAt);
    return filled(typeof operation === "string" ? `"${operation}", ${path}` : path, path, params);
  }

  /**
   * The scheme and host of its full URL.
   *
   * @param origin - Those of a request, `https://shop.example`: a websocket has `wss` instead.
   * @throws {OffloopError} `OFFLOOP_URL_UNKNOWN`.
   */
  originOf(operation: string | OperationHandle, origin: string, mountedAt: string): string {
    const isSocket = this.#served.sockets.includes(this.#find(operation, mountedAt));
    return isSocket ? origin.replace(/^http/, "ws") : origin;
  }

  #find(operation: string | OperationHandle, mountedAt: string): NamedPath {
    const found = typeof operation === "string" ? this.#named(operation) : this.#declared(operation);
    return (
      found.find((one) => one.mountedAt === mountedAt) ??
      found.find((one) => one.mountedAt.startsWith(`${mountedAt}/`)) ??
      (found[0] as NamedPath)
    );
  }

  /** @throws {OffloopError} `OFFLOOP_URL_UNKNOWN` when there is none. */
  #named(name: string): readonly NamedPath[] {
    this.#byName ??= byName(this.#served.operations);
    const found = this.#byName.get(name);
    if (found === undefined) throw unknownName(name, [...this.#byName.keys()]);
    return found;
  }

  /** @throws {OffloopError} `OFFLOOP_URL_UNKNOWN` when there is none. */
  #declared(operation: OperationHandle): readonly NamedPath[] {
    const { operations, sockets } = this.#served;
    this.#byLocation ??= Map.groupBy([...operations, ...sockets], ({ location }) => location);
    const found = this.#byLocation.get(operation?.location);
    if (found === undefined) throw unknownOperation(operation);
    return found;
  }
}

/** An operationId takes precedence over a handler's name. */
function byName(operations: readonly NamedPath[]): ReadonlyMap<string, readonly NamedPath[]> {
  const named = Map.groupBy(operations, ({ documentation }) => documentation.operationId ?? "");
  for (const operation of operations) {
    const { name } = operation.handler;
    named.set(name, [...(named.get(name) ?? []), operation]);
  }
  named.delete("");
  return named;
}

/** @param called - How errors name the operation. */
function filled(called: string, path: string, params: UrlParams): string {
  const names = pathNames(path);
  const extra = Object.keys(params).find((name) => !names.includes(name));
  if (extra !== undefined) throw unfit(called, `it has no "${extra}"`, `leave out "${extra}"`);
  const isFull = optionalNames(path).some((name) => params[name] !== undefined);
  return replaceParameters(isFull ? path : withoutOptional(path), (key) => {
    const value = String(params[key] ?? "").toWellFormed();
    const parts = key === "*" ? value.split("/") : [value];
    // Clients resolve "." and ".." themselves, so the URL would lead elsewhere.
    if ((value === "" && key !== "*") || parts.some((part) => part === "." || part === ".."))
      throw unfit(called, `"${key}" is ${JSON.stringify(value)}`, `give "${key}" a value`);
    return parts.map(encodeURIComponent).join("/");
  });
}

function unknownName(name: string, known: readonly string[]): OffloopError {
  const meant = nearest(name, known);
  return new OffloopError(
    "OFFLOOP_URL_UNKNOWN",
    `Cannot make the URL of "${name}": no operation has this operationId, nor a handler of this name`,
    { fix: meant === undefined ? "give the operation an operationId" : `write "${meant}"` },
  );
}

function unknownOperation(given: OperationHandle | undefined): OffloopError {
  if (given?.location === undefined)
    return new OffloopError(
      "OFFLOOP_URL_UNKNOWN",
      `Cannot make a URL: expected an operation or its name, got ${kindOf(given)}`,
      { fix: "pass what app.get() returned" },
    );
  return new OffloopError(
    "OFFLOOP_URL_UNKNOWN",
    `Cannot make the URL of ${given.path}: this app has no such operation`,
    { at: given.location, fix: "include its router in the app, or mount its app" },
  );
}

function unfit(called: string, what: string, fix: string): OffloopError {
  return new OffloopError("OFFLOOP_URL_UNKNOWN", `Cannot make the URL of ${called}: ${what}`, { fix });
}
