import type { DependencyDeclaration } from "../app/dependency.ts";
import type { Operation } from "../app/operation.ts";
import type { Overrides } from "../app/overrides.ts";

/** Everything operations need, overridden or not; each once, in the same order wherever the same app is loaded. */
export function listDependencies(
  operations: readonly Operation[],
  overrides: Overrides,
): DependencyDeclaration[] {
  const found = new Set<DependencyDeclaration>();
  const visit = (dependency: DependencyDeclaration): void => {
    if (found.has(dependency)) return;
    found.add(dependency);
    const replacement = overrides.get(dependency);
    if (replacement !== undefined && !("value" in replacement)) visit(replacement);
    for (const [, inner] of dependency.deps) visit(inner);
  };
  for (const { deps } of operations) for (const [, dependency] of deps) visit(dependency);
  return [...found];
}

/** What of the scope "app" is received by an operation, or by something that is not of this scope. */
export function listAppDependencies(
  operations: readonly Operation[],
  overrides: Overrides,
): DependencyDeclaration[] {
  const seen = new Set<DependencyDeclaration>();
  const found: DependencyDeclaration[] = [];
  const visit = (wanted: DependencyDeclaration): void => {
    const dependency = overrides.get(wanted) ?? wanted;
    if ("value" in dependency || seen.has(dependency)) return;
    seen.add(dependency);
    if (dependency.scope === "app") found.push(dependency);
    else for (const [, inner] of dependency.deps) visit(inner);
  };
  for (const { deps } of operations) for (const [, dependency] of deps) visit(dependency);
  return found;
}
