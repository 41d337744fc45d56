import type { DependencyDeclaration } from "../app/dependency.ts";

/** The same dependency, and all it needs, made on the loop: a test's own functions are nowhere else. */
export function onLoop(declaration: DependencyDeclaration): DependencyDeclaration {
  return Object.defineProperty({ ...declaration, lane: "loop" as const }, "deps", {
    get: () => declaration.deps.map(([name, inner, scopes]) => [name, onLoop(inner), scopes]),
  });
}
