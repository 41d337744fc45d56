import type { Dependency } from "../app/dependency.ts";
import { createOverride, type Override } from "../app/overrides.ts";

/** A dependency and what stands in for it; made by `override`. */
export type OverridePair = Override;

/**
 * Has a value, or another dependency, stand in for a dependency in a test. Its type must be that of the dependency.
 *
 * @param dependency - The dependency that is not to be used.
 * @param by - The value, or the dependency to use. For operations that run on threads: a structured-cloneable value;
 * for a function there, call `app.override()` in a module and test that module.
 * @returns What goes into the `overrides` of `testClient`.
 * @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when the first is no dependency.
 * @example
 * ```ts
 * import { App, depends } from "offloop";
 * import { override, testClient } from "offloop/testing";
 *
 * const user = depends(async () => ({ name: "from the database" }));
 * const app = new App();
 * app.get("/me", { deps: { user } }, async ({ user }) => user);
 *
 * await using client = await testClient(app, { overrides: [override(user, { name: "Ada" })] });
 * console.log(await (await client.get("/me")).json());
 * ```
 */
export function override<Value>(
  dependency: Dependency<Value>,
  by: Dependency<NoInfer<Value>> | NoInfer<Value>,
): OverridePair {
  return createOverride(dependency, by);
}
