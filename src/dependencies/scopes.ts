import type { DependencyDeclaration } from "../app/dependency.ts";
import type { Overrides } from "../app/overrides.ts";
import type { SecurityScopes } from "../app/security-scopes.ts";

/** The scopes demanded so far and those demanded here, each once, in this order. */
export function joinScopes(demanded: readonly string[], own: readonly string[]): readonly string[] {
  return own.length === 0 ? demanded : [...new Set([...demanded, ...own])];
}

/** The value of what gives the scopes. */
export function scopesValue(scopes: readonly string[]): SecurityScopes {
  return { scopes, scopeStr: scopes.join(" ") };
}

/** Whether the value of a dependency depends on the scopes that are demanded on the way to it. */
export function readsScopes(
  wanted: DependencyDeclaration,
  overrides: Overrides,
  seen: Set<DependencyDeclaration> = new Set(),
): boolean {
  const dependency = overrides.get(wanted) ?? wanted;
  if ("value" in dependency || seen.has(dependency)) return false;
  seen.add(dependency);
  return dependency.givesScopes || dependency.deps.some(([, inner]) => readsScopes(inner, overrides, seen));
}
