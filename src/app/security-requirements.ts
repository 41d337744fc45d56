import type { DependencyDeclaration, NamedDependency } from "./dependency.ts";
import type { SecurityRequirement } from "./security-scheme.ts";

/** The security schemes among dependencies and all they need, each with the scopes demanded on the way to it. */
export function securityRequirements(
  deps: readonly NamedDependency[],
  demanded: readonly string[] = [],
  chain: readonly DependencyDeclaration[] = [],
): SecurityRequirement[] {
  return deps.flatMap(([, dependency, own]) => {
    if (chain.includes(dependency)) return []; // a cycle is refused where the app is served
    const scopes = [...demanded, ...own];
    const { scheme } = dependency;
    if (scheme !== undefined) return [{ scheme, scopes }];
    return securityRequirements(dependency.deps, scopes, [...chain, dependency]);
  });
}
