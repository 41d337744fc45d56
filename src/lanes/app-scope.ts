import type { App } from "../app/app.ts";
import { findUncloneable } from "../app/cloneable.ts";
import type { DependencyDeclaration, Override, Overrides } from "../app/dependency.ts";
import { type ServedDependent, servedDependents, servedOverrides } from "../app/parts.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import {
  listAppDependencies,
  listAppDependenciesInThreads,
  listDependencies,
} from "../operation/dependency-plan.ts";
import { SharedDependencies } from "../operation/open-dependencies.ts";
import type { GivenValue, GivenValues } from "../threads/crossing/messages.ts";
import { packValue } from "../threads/crossing/values.ts";

/** Values that live for as long as an app is served. */
export interface AppScope {
  readonly overrides: Overrides;
  readonly shared: SharedDependencies;
  /** The part of it that threads are started with. */
  readonly given: GivenValues;
}

/**
 * Creates the dependencies of the scope "app", in the order in which operations need them.
 *
 * @param replaced - What a test substitutes for dependencies.
 * @throws {OffloopError} `OFFLOOP_NOT_CLONEABLE`; or whatever a dependency throws.
 */
export async function openAppScope(app: App, replaced: readonly Override[]): Promise<AppScope> {
  const operations = servedDependents(app);
  const declared = servedOverrides(app);
  const overrides = new Map(declared);
  for (const [dependency, by] of replaced) overrides.set(dependency, "value" in by ? by : onLoop(by));
  const replacedInThreads = giveReplaced(declared, operations, replaced);
  const shared = new SharedDependencies(overrides);
  try {
    for (const dependency of listAppDependencies(operations, overrides)) await shared.get(dependency);
    const ordinals = listDependencies(operations, declared);
    const given: GivenValue[] = [];
    for (const dependency of listAppDependenciesInThreads(operations, overrides)) {
      const value = await shared.get(dependency);
      given.push([ordinals.indexOf(dependency), packGiven(dependency, value)]);
    }
    return { overrides, shared, given: [...replacedInThreads, ...given] };
  } catch (error) {
    await shared.close();
    throw error;
  }
}

/** Sends a value to the threads. A value that cannot cross, such as a function, is refused where somebody asks for it. */
function giveReplaced(
  declared: Overrides,
  operations: readonly ServedDependent[],
  replaced: readonly Override[],
): GivenValue[] {
  const ordinals = listDependencies(operations, declared);
  return replaced
    .filter(([dependency]) => ordinals.includes(dependency))
    .map(([dependency, by, at]) => {
      const ordinal = ordinals.indexOf(dependency);
      if (!("value" in by)) return [ordinal, undefined, { found: undefined, at }];
      const found = findUncloneable(by.value, dependency.name);
      return found === undefined
        ? [ordinal, packValue(by.value, dependency.name)]
        : [ordinal, undefined, { found, at }];
    });
}

function packGiven({ name, location }: DependencyDeclaration, value: unknown): unknown {
  const found = findUncloneable(value, name);
  if (found === undefined) return packValue(value, name);
  throw new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot give the value of "${name}" to threads: ${found} cannot cross between threads`,
    {
      at: location,
      fix: 'use the scope "thread", so that each thread makes its own, or make the operations that need it async',
    },
  );
}

/** The same dependency, and everything it needs, made on the loop: a test's own functions exist nowhere else. */
function onLoop(declaration: DependencyDeclaration): DependencyDeclaration {
  return Object.defineProperty({ ...declaration, lane: "loop" as const }, "deps", {
    get: () => declaration.deps.map(([name, inner, scopes]) => [name, onLoop(inner), scopes]),
  });
}
