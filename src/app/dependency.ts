import { brand, checkCopy } from "../errors/brand.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import type { Inputs } from "./inputs.ts";
import type { AnyFunction, Lane } from "./lane.ts";
import { callerLocation } from "./location.ts";
import type { DeclaredSecurityScheme } from "./security-scheme.ts";

/**
 * How long a dependency's value is kept: for the `"request"`, until after the response and its background tasks; for the
 * `"function"`, until before the response is sent; for the `"thread"` it was made in; for the `"app"`, as long as it is
 * served.
 */
export type Scope = "request" | "function" | "thread" | "app";

declare const valueType: unique symbol;

/** Something that handlers and other dependencies need, made by a function: FastAPI's `Depends`. */
export interface Dependency<Value = unknown> {
  /** The function, to call it in a unit test. */
  readonly fn: AnyFunction;
  /** How long its value is kept. */
  readonly scope: Scope;
  /** @internal Carries the type of the value. */
  readonly [valueType]?: Value;
}

/** Dependencies by the name under which their values are received. */
// biome-ignore lint/suspicious/noExplicitAny: each value's type is inferred from the dependency, not from here
export type Dependencies = Readonly<Record<string, Dependency<any>>>;

/** The value of a dependency. */
type DependencyValue<D> = D extends Dependency<infer Value> ? Value : never;

/** The values of dependencies, by name. */
export type DependencyValues<D> = {
  readonly [Name in keyof D]: DependencyValue<D[Name]>;
};

/**
 * A name, a dependency, and the OAuth2 scopes that are demanded of it here. Names may come twice: all run, the last one's
 * value is received.
 */
export type NamedDependency = readonly [
  name: string,
  dependency: DependencyDeclaration,
  scopes: readonly string[],
];

/** A dependency as declared: what the pipeline looks at. */
export interface DependencyDeclaration extends Dependency {
  readonly name: string;
  readonly lane: Lane;
  /** A generator function: it yields its value, and closes it when it resumes. */
  readonly isGenerator: boolean;
  readonly cache: boolean;
  readonly inputs: Inputs;
  readonly deps: readonly NamedDependency[];
  /** The security scheme whose credentials it gives; undefined when it gives something else. */
  readonly scheme: DeclaredSecurityScheme | undefined;
  /** Its value is not made but known beforehand: the OAuth2 scopes that are demanded on the way to it. */
  readonly givesScopes: boolean;
  readonly location: SourceLocation;
}

/** A dependency, and the OAuth2 scopes that are demanded of it. */
type Demand = readonly [dependency: DependencyDeclaration, scopes: readonly string[]];

/** By what stands for them: a dependency for itself, with no demand. */
const demands = new WeakMap<object, Demand>();

/** Notes that a dependency was declared. */
export function registerDependency(dependency: DependencyDeclaration): void {
  brand(dependency);
  demands.set(dependency, [dependency, []]);
}

/** Notes that an object stands for a dependency of which scopes are demanded. */
export function registerDemand(standIn: object, demand: Demand): void {
  brand(standIn);
  demands.set(standIn, demand);
}

/** The dependency a value is or stands for; undefined when it is none. */
export function readDemand(value: unknown): Demand | undefined {
  return demands.get(value as object);
}

/** Names that a handler receives already. */
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
]);

/** @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` for what is no dependency, or has a name that is taken. */
export function namedDependencies(what: string, deps: object, at: SourceLocation): NamedDependency[] {
  return Object.entries(deps).map(([name, dependency]) => {
    if (taken.has(name)) {
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
    return [name, ...demand];
  });
}

/** A value that stands in for a dependency. */
export interface StandInValue {
  readonly value: unknown;
  /** Why it could not come to this thread: what in it cannot cross, or that it is made by a function of the test's. */
  readonly refused?: { readonly found: string } | "function" | undefined;
  /** It was made on the loop, and came along with a message. */
  readonly isSent?: boolean;
}

/** What stands in for a dependency: another one, or a value. */
export type Replacement = DependencyDeclaration | StandInValue;

/** Dependencies that are replaced, in tests. */
export type Overrides = ReadonlyMap<DependencyDeclaration, Replacement>;

/** One dependency, and what stands in for it. */
export type Override = readonly [DependencyDeclaration, Replacement];

/** @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when the first is no dependency. */
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
  return [replaced[0], replacement === undefined ? { value: by } : replacement[0]];
}
