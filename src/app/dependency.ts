import { brand, checkCopy } from "../errors/brand.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import type { Inputs } from "./inputs.ts";
import type { AnyFunction, Lane } from "./lane.ts";
import type { DeclaredSecurityScheme } from "./security-scheme.ts";

/**
 * How long a dependency's value is kept. `"request"`: until after the response and its background tasks. `"function"`:
 * until just before the response is sent. `"thread"`: as long as the thread it was made in. `"app"`: as long as the app
 * is served.
 */
export type Scope = "request" | "function" | "thread" | "app";

declare const valueType: unique symbol;

/** Something that handlers and other dependencies need, made by a function: FastAPI's `Depends`. */
export interface Dependency<Value = unknown> {
  /** The function, so that you can call it in a unit test. */
  readonly fn: AnyFunction;
  /** How long its value is kept. */
  readonly scope: Scope;
  /** @internal Carries the type of the value. */
  readonly [valueType]?: Value;
}

/** Dependencies by the names under which their values are received. */
// biome-ignore lint/suspicious/noExplicitAny: each value's type is inferred from the dependency, not from here
export type Dependencies = Readonly<Record<string, Dependency<any>>>;

/** The value of a dependency. */
type DependencyValue<D> = D extends Dependency<infer Value> ? Value : never;

/** The values of dependencies, by name. */
export type DependencyValues<D> = {
  readonly [Name in keyof D]: DependencyValue<D[Name]>;
};

/**
 * A name, a dependency, and the OAuth2 scopes that are demanded of it here. A name may occur twice: all of them run,
 * and the value of the last one is received.
 */
export type NamedDependency = readonly [
  name: string,
  dependency: DependencyDeclaration,
  scopes: readonly string[],
];

/** A dependency as declared, in the form that the pipeline reads. */
export interface DependencyDeclaration extends Dependency {
  /** That of its function; if that has none, the key in `deps` under which it is needed first. */
  readonly name: string;
  readonly lane: Lane;
  /** Whether it is a generator function, which yields its value, and closes it when resumed. */
  readonly isGenerator: boolean;
  readonly cache: boolean;
  readonly inputs: Inputs;
  readonly deps: readonly NamedDependency[];
  /** The security scheme whose credentials it provides; undefined when it provides something else. */
  readonly scheme: DeclaredSecurityScheme | undefined;
  /** Whether its value is not made but known beforehand: the OAuth2 scopes demanded on the way to it. */
  readonly givesScopes: boolean;
  readonly location: SourceLocation;
}

/** A dependency, and the OAuth2 scopes that are demanded of it. */
type Demand = readonly [dependency: DependencyDeclaration, scopes: readonly string[]];

/** Keyed by what represents a dependency: the dependency itself represents it without a demand. */
const demands = new WeakMap<object, Demand>();

/** Notes that a dependency was declared. */
export function registerDependency(dependency: DependencyDeclaration): void {
  brand(dependency);
  demands.set(dependency, [dependency, []]);
}

/** Notes that an object represents a dependency with demanded scopes. */
export function registerDemand(standIn: object, demand: Demand): void {
  brand(standIn);
  demands.set(standIn, demand);
}

/** The dependency that a value is or represents; undefined when it is none. */
export function readDemand(value: unknown): Demand | undefined {
  return demands.get(value as object);
}

/** Dependencies and all that they need: each once, before its own. */
export function* everyDependency(
  deps: readonly NamedDependency[],
  seen: Set<DependencyDeclaration> = new Set(),
): Generator<DependencyDeclaration> {
  for (const [, dependency] of deps) {
    if (seen.has(dependency)) continue;
    seen.add(dependency);
    yield dependency;
    yield* everyDependency(dependency.deps, seen);
  }
}

/** Most functions of dependencies have no name of their own. */
const firstKeys = new WeakMap<DependencyDeclaration, string>();

/** The first key in `deps` under which a dependency is needed, as far as is known. */
export function firstKeyOf(dependency: DependencyDeclaration): string | undefined {
  return firstKeys.get(dependency);
}

/** Names that a handler already receives. */
const taken = new Set([
  "params",
  "query",
  "headers",
  "cookies",
  "body",
  "form",
  "background",
  "request",
  "response",
  "signal",
  "log",
]);
/** Names that the context has for the framework's own use. */
const reserved = new Set([
  "constructor",
  "acceptInputs",
  "acceptSession",
  "takeSession",
  "keepSession",
  "endSession",
  "sessionState",
  "sealed",
  "withTasks",
  "withTasksAfter",
  "addedTasks",
  "refusesTasks",
  "endBackground",
  "chosenStatus",
  "chosenHeaders",
]);

/**
 * @param own - What only these handlers receive.
 * @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when one is not a dependency, or its name is taken.
 */
export function namedDependencies(
  what: string,
  deps: object,
  at: SourceLocation,
  own: readonly string[] = [],
): NamedDependency[] {
  return Object.entries(deps).map(([name, dependency]) => {
    if (taken.has(name) || reserved.has(name) || own.includes(name)) {
      throw new OffloopError(
        "OFFLOOP_DEPENDENCY_INVALID",
        `Cannot add "${name}" to the deps of ${what}: handlers already receive something else under this name`,
        { at, fix: "rename it" },
      );
    }
    const demand = readDemand(dependency);
    if (demand === undefined) {
      checkCopy(dependency, `add "${name}" to the deps of ${what}`, at);
      throw new OffloopError(
        "OFFLOOP_DEPENDENCY_INVALID",
        `Cannot add "${name}" to the deps of ${what}: expected a dependency, got ${typeof dependency}`,
        { at, fix: "wrap the function: depends(fn)" },
      );
    }
    const [declaration] = demand;
    if (!firstKeys.has(declaration)) firstKeys.set(declaration, name);
    return [name, ...demand];
  });
}

/**
 * Ways out when something on the loop needs a value that cannot leave its thread. A synchronous driver gains nothing
 * from an async operation.
 */
export const WAYS_OUT: string =
  'remove "async" from the operation, so that both run on one thread; if it has to await, set runs: "thread" on it instead';

/** A value that replaces a dependency. */
export interface StandInValue {
  readonly value: unknown;
  /** Why it could not come to this thread. */
  readonly refused?: Refusal | undefined;
  /** Whether it was made on the loop and came along with a message. */
  readonly isSent?: boolean;
}

/** Why a value could not come to a thread. */
interface Refusal {
  /** The part of it that cannot cross; undefined when a test's own function makes it. */
  readonly found: string | undefined;
  /** The test's line that replaced the dependency. */
  readonly at?: SourceLocation | undefined;
}

/** The replacement of a dependency: another one, or a value. */
export type Replacement = DependencyDeclaration | StandInValue;

/** Dependencies replaced in tests. */
export type Overrides = ReadonlyMap<DependencyDeclaration, Replacement>;

/** One dependency, its replacement, and the user's line that replaces it. */
export type Override = readonly [DependencyDeclaration, Replacement, at: SourceLocation];

/** Whether a value was made by {@link createOverride}. */
export function isOverride(value: unknown): value is Override {
  return Array.isArray(value) && value.length === 3 && readDemand(value[0]) !== undefined;
}

/** @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when the first is not a dependency. */
export function createOverride(dependency: Dependency, by: unknown): Override {
  const replaced = readDemand(dependency);
  if (replaced === undefined) {
    checkCopy(dependency, "override a dependency", callerLocation());
    throw new OffloopError(
      "OFFLOOP_DEPENDENCY_INVALID",
      `Cannot override a ${typeof dependency}: expected a dependency`,
      { at: callerLocation(), fix: "pass the result of depends()" },
    );
  }
  const replacement = readDemand(by);
  return [replaced[0], replacement === undefined ? { value: by } : replacement[0], callerLocation()];
}
