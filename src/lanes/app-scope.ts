import type { App } from "../app/app.ts";
import { findUncloneable } from "../app/cloneable.ts";
import type { DependencyDeclaration, Override, Overrides } from "../app/dependency.ts";
import type { Operation } from "../app/operation.ts";
import { servedOperations, servedOverrides } from "../app/parts.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { listAppDependencies, listDependencies } from "../operation/dependency-plan.ts";
import { SharedDependencies } from "../operation/open-dependencies.ts";
import type { GivenValues } from "../threads/crossing/messages.ts";

/** What is there as long as an app is served. */
export interface AppScope {
  readonly overrides: Overrides;
  readonly shared: SharedDependencies;
  /** What of it threads are started with. */
  readonly given: GivenValues;
}

/**
 * Makes the dependencies of the scope "app", in the order in which operations need them.
 *
 * @param replaced - What a test puts in place of dependencies.
 * @throws {OffloopError} `OFFLOOP_NOT_CLONEABLE`, `OFFLOOP_OVERRIDE_FUNCTION`; or what a dependency throws.
 */
export async function openAppScope(app: App, replaced: readonly Override[]): Promise<AppScope> {
  const operations = servedOperations(app);
  const threaded = operations.filter(({ lane }) => lane === "thread");
  const declared = servedOverrides(app);
  const overrides = new Map(declared);
  for (const [dependency, by] of replaced) overrides.set(dependency, "value" in by ? by : onLoop(by));
  const replacedInThreads = giveReplaced(declared, operations, threaded, replaced);
  const shared = new SharedDependencies(overrides);
  try {
    for (const dependency of listAppDependencies(operations, overrides)) await shared.get(dependency);
    const ordinals = listDependencies(operations, declared);
    const given: [number, unknown][] = [];
    for (const dependency of listAppDependencies(threaded, overrides)) {
      const value = await shared.get(dependency);
      checkCloneable(dependency, value);
      given.push([ordinals.indexOf(dependency), value]);
    }
    return { overrides, shared, given: [...replacedInThreads, ...given] };
  } catch (error) {
    await shared.close();
    throw error;
  }
}

/** A value crosses to the threads; a function cannot, so no threaded operation may need it. */
function giveReplaced(
  declared: Overrides,
  operations: readonly Operation[],
  threaded: readonly Operation[],
  replaced: readonly Override[],
): [number, unknown][] {
  const ordinals = listDependencies(operations, declared);
  const inThreads = new Set(listDependencies(threaded, declared));
  return replaced
    .filter(([dependency]) => ordinals.includes(dependency))
    .map(([dependency, by]) => {
      if (!("value" in by) && inThreads.has(dependency)) throw overrideFunction(dependency);
      if ("value" in by && inThreads.has(dependency)) checkCloneable(dependency, by.value);
      return [
        ordinals.indexOf(dependency),
        "value" in by && inThreads.has(dependency) ? by.value : undefined,
      ];
    });
}

function checkCloneable({ name, location }: DependencyDeclaration, value: unknown): void {
  const found = findUncloneable(value, name);
  if (found === undefined) return;
  throw new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot give the value of ${name} to threads: ${found} cannot cross between threads`,
    {
      at: location,
      fix: 'use the scope "thread", so that each thread makes its own, or make the operations that need it async',
    },
  );
}

function overrideFunction({ name, location }: DependencyDeclaration): OffloopError {
  return new OffloopError(
    "OFFLOOP_OVERRIDE_FUNCTION",
    `Cannot override ${name} by a function: operations on threads need it, and threads do not load the test`,
    {
      at: location,
      fix: "override it by a value, or call app.override() in a module and test that module",
    },
  );
}

/** The same dependency, and all it needs, made on the loop: a test's own functions are nowhere else. */
function onLoop(declaration: DependencyDeclaration): DependencyDeclaration {
  return Object.defineProperty({ ...declaration, lane: "loop" as const }, "deps", {
    get: () => declaration.deps.map(([name, inner, scopes]) => [name, onLoop(inner), scopes]),
  });
}
