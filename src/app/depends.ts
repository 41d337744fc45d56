import { types } from "node:util";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import type { Context, Declared, NoNames, Shape } from "./context.ts";
import { readArguments } from "./declared-arguments.ts";
import {
  type Dependency,
  type DependencyDeclaration,
  firstKeyOf,
  namedDependencies,
  registerDependency,
  type Scope,
} from "./dependency.ts";
import { checkInputs, type InputOptions, inputNames } from "./inputs.ts";
import { type AnyFunction, functionName, type Lane, laneOf } from "./lane.ts";
import { type CheckedOptions, checkOptionNames } from "./option-names.ts";

/** Options of a dependency. */
export interface DependencyOptions extends Shape {
  /** The body, as JSON: one schema for all of it, or one for each of its keys. */
  readonly body?: NonNullable<InputOptions["body"]>;
  /** How long its value is kept. Default `"request"`. */
  readonly scope?: Scope | undefined;
  /** Whether everything in one request that needs it shares its value. Default true. */
  readonly cache?: boolean | undefined;
  /**
   * Where it runs for an async operation. Default, by the rule: an async function on `"loop"`, a plain one on `"thread"`. In
   * a plain operation it runs in that operation's thread, whatever this says.
   */
  readonly runs?: Lane | undefined;
}

const optionNames: Readonly<Record<keyof DependencyOptions, true>> = {
  scope: true,
  cache: true,
  runs: true,
  ...inputNames,
  deps: true,
};

/** The value that a function provides as a dependency: what it returns, awaited, or what its generator yields. */
type Provided<Result> =
  // biome-ignore lint/suspicious/noExplicitAny: what a generator returns or is sent does not matter here
  Result extends AsyncGenerator<infer Value, any, any> | Generator<infer Value, any, any>
    ? Value
    : Awaited<Result>;

/**
 * Declares a dependency. The rule applies to it as well: an async function runs on the loop, a plain one on a thread;
 * in a plain operation all of its dependencies run in its thread. A generator function yields its value once and closes
 * it after the `yield`, where it also sees the handler's error.
 *
 * @param fn - Makes the value. Receives the inputs and dependencies it declares, as a handler does.
 * @param options - Its scope, its inputs, and the dependencies it needs itself: before the function. `scope`, `cache` and
 * `runs` may follow the function if there are no other options.
 * @returns The dependency, for the `deps` of operations, routers, apps and other dependencies.
 * @throws {OffloopError} `OFFLOOP_HANDLER_INVALID`, `OFFLOOP_LANE_UNKNOWN`, `OFFLOOP_SCHEMA_INVALID`,
 * `OFFLOOP_DEPENDENCY_INVALID`, `OFFLOOP_DEPENDENCY_SCOPE`, `OFFLOOP_DEPENDENCY_SHARED`, `OFFLOOP_FORM_AND_BODY`,
 * `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`.
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { App, depends } from "offloop";
 * import { z } from "zod";
 *
 * const db = depends(() => new DatabaseSync("shop.db"), { scope: "thread" });
 * const page = depends({ query: { skip: z.int().default(0), limit: z.int().default(100) } }, ({ query }) => query);
 *
 * const app = new App();
 * app.get("/items", { deps: { db, page } }, ({ db, page }) =>
 *   db.prepare("select * from items limit ? offset ?").all(page.limit, page.skip));
 * ```
 */
export function depends<Result>(
  fn: (context: Context) => Result,
  options?: Pick<DependencyOptions, "scope" | "cache" | "runs">,
): Dependency<Provided<Result>>;
export function depends<Result, S extends DependencyOptions>(
  options: S & CheckedOptions<S, keyof DependencyOptions>,
  fn: (context: Context<`:${Extract<keyof Declared<S, "params", NoNames>, string>}`, S>) => Result,
): Dependency<Provided<Result>>;
export function depends(...given: unknown[]): Dependency<never> {
  const [first, second] = given;
  // As in FastAPI, the function may come first.
  const isReversed = typeof first === "function" && given.length <= 2 && typeof second !== "function";
  const args = isReversed ? [second, first] : given;
  const location = callerLocation();
  const name = functionName(given.find((one) => typeof one === "function"));
  const { options, fn } = readArguments(`declare the dependency ${name}`, args, location);
  return createDependency(options, fn, location) as unknown as Dependency<never>;
}

function createDependency(
  options: DependencyOptions,
  fn: unknown,
  location: SourceLocation,
): DependencyDeclaration {
  const what = `the dependency ${functionName(fn)}`;
  const lane = laneOf(what, fn, options.runs, location);
  checkOptionNames(`declare ${what}`, options, optionNames, location);
  const inputs = checkInputs(what, options, location);
  const dependency: DependencyDeclaration = {
    get name() {
      return (fn as AnyFunction).name || (firstKeyOf(dependency) ?? functionName(fn));
    },
    fn: fn as AnyFunction,
    lane,
    isGenerator: types.isGeneratorFunction(fn),
    scope: options.scope ?? "request",
    cache: options.cache ?? true,
    inputs,
    // Read when the app is served: only then are records that were completed later, and cycles in them, visible.
    get deps() {
      return namedDependencies(`the dependency ${dependency.name}`, options.deps ?? {}, location);
    },
    scheme: undefined,
    givesScopes: false,
    location,
  };
  checkScope(what, dependency);
  if (options.scope === undefined) checkSharing(what, dependency);
  registerDependency(dependency);
  return dependency;
}

const scopes: readonly Scope[] = ["function", "request", "thread", "app"];

function checkScope(
  what: string,
  { scope, isGenerator, inputs, deps, location: at }: DependencyDeclaration,
): void {
  if (!scopes.includes(scope)) {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot declare ${what}: scope is ${shownValue(scope)}`,
      { at, fix: `use one of ${scopes.join(", ")}` },
    );
  }
  // A value may be made from something that closes earlier; a generator would still use that while closing itself.
  const least = scope === "request" && !isGenerator ? "function" : scope;
  const outlives = deps.find(([, inner]) => scopes.indexOf(inner.scope) < scopes.indexOf(least));
  if (outlives !== undefined) {
    throw new OffloopError(
      "OFFLOOP_DEPENDENCY_SCOPE",
      `Cannot declare ${what}: its scope is "${scope}", but it needs "${outlives[0]}" of the scope "${outlives[1].scope}", which closes earlier`,
      { at, fix: `give "${outlives[0]}" the scope "${scope}", or this one the scope "${outlives[1].scope}"` },
    );
  }
  if ((scope === "thread" || scope === "app") && !inputs.isEmpty) {
    throw new OffloopError(
      "OFFLOOP_DEPENDENCY_SCOPE",
      `Cannot declare ${what}: its scope is "${scope}", and it reads a request`,
      { at, fix: 'remove its inputs, or use the scope "request"' },
    );
  }
}

/**
 * A generator of the scope "request" is still open while its thread runs other requests, which use the same value of the
 * scope "thread": in a transaction, their writes would be rolled back with it. So this is never the default: it has to be written.
 */
function checkSharing(what: string, dependency: DependencyDeclaration): void {
  const shared = dependency.isGenerator ? sharedNeed(dependency, dependency.lane) : undefined;
  if (shared === undefined) return;
  throw new OffloopError(
    "OFFLOOP_DEPENDENCY_SHARED",
    `Cannot declare ${what}: by default it is open until after the response and its background tasks, and meanwhile other requests use "${shared}" of the scope "thread"`,
    {
      at: dependency.location,
      fix: 'give it the scope "function", which ends before the thread takes another request; or write scope: "request" if others may use that value meanwhile',
    },
  );
}

/**
 * The name of a value that all requests on a thread share and that a dependency of this lane uses. What another
 * generator makes of it is its own, such as a connection from a pool.
 */
function sharedNeed({ deps }: DependencyDeclaration, lane: Lane): string | undefined {
  for (const [name, needed] of deps) {
    // On the loop, what an async generator uses is a pool, from which it takes something of its own.
    if (needed.scope === "thread" && (lane === "thread" || needed.lane === "thread")) return name;
    const inner = needed.isGenerator || needed.scope === "app" ? undefined : sharedNeed(needed, lane);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
