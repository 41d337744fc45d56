import type {
  DeclaredSecurityScheme,
  SecurityRequirement,
  SecuritySchemeDefinition,
} from "../app/security-scheme.ts";
import type { Declaration } from "./declaration.ts";

/**
 * The schemes that an operation requires with their scopes, each scheme once; those of its dependencies come first. They
 * are alternatives, as in FastAPI; the session goes with each of them.
 */
export function securityOf(
  declaration: Declaration,
  session: DeclaredSecurityScheme,
): Record<string, string[]>[] {
  const scopes = new Map<string, Set<string>>();
  for (const requirement of requirementsOf(declaration)) {
    const { schemeName } = schemeOf(requirement);
    const known = scopes.get(schemeName) ?? new Set();
    scopes.set(schemeName, known);
    if ("scopes" in requirement) for (const scope of requirement.scopes) known.add(scope);
  }
  const alternatives = [...scopes].map(([name, names]) => ({ [name]: [...names] }));
  if (!showsSession(declaration, session)) return alternatives;
  const own = { [session.schemeName]: [] };
  return alternatives.length === 0 ? [own] : alternatives.map((one) => ({ ...one, ...own }));
}

/** The schemes that several operations require, by name. */
export function securitySchemesOf(
  declarations: readonly Declaration[],
  session: DeclaredSecurityScheme,
): Record<string, SecuritySchemeDefinition> {
  const schemes = declarations.flatMap((declaration) => {
    const own = requirementsOf(declaration).map(schemeOf);
    return showsSession(declaration, session) ? [...own, session] : own;
  });
  return Object.fromEntries(schemes.map(({ schemeName, definition }) => [schemeName, definition]));
}

function requirementsOf({ security, documentation }: Declaration): SecurityRequirement[] {
  return [...security, ...(documentation.security ?? [])];
}

/** Not where the operation names a scheme of the same cookie itself. */
function showsSession(declaration: Declaration, { definition: { name } }: DeclaredSecurityScheme): boolean {
  const definitions = requirementsOf(declaration).map((one) => schemeOf(one).definition);
  return declaration.needsSession && !definitions.some((one) => one.in === "cookie" && one.name === name);
}

function schemeOf(requirement: SecurityRequirement): DeclaredSecurityScheme {
  return "scheme" in requirement ? requirement.scheme : requirement;
}
