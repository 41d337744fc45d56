import { OffloopError } from "../errors/offloop-error.ts";
import { type Dependency, type DependencyDeclaration, readDemand } from "./dependency.ts";
import { callerLocation } from "./location.ts";

/** What stands in for a dependency: another one, or a value. */
export type Replacement = DependencyDeclaration | { readonly value: unknown };

/** Dependencies that are replaced, in tests. */
export type Overrides = ReadonlyMap<DependencyDeclaration, Replacement>;

/** One dependency, and what stands in for it. */
export type Override = readonly [DependencyDeclaration, Replacement];

/** @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when the first is no dependency. */
export function createOverride(dependency: Dependency, by: unknown): Override {
  const replaced = readDemand(dependency);
  if (replaced === undefined) {
    throw new OffloopError(
      "OFFLOOP_DEPENDENCY_INVALID",
      `Cannot override a ${typeof dependency}: expected a dependency`,
      { at: callerLocation(), fix: "give what depends() returned" },
    );
  }
  const replacement = readDemand(by);
  return [replaced[0], replacement === undefined ? { value: by } : replacement[0]];
}
