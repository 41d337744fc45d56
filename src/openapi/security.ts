import type {
  DeclaredSecurityScheme,
  SecurityRequirement,
  SecuritySchemeDefinition,
} from "../app/security-scheme.ts";
import type { Declaration } from "./declaration.ts";

/** The schemes an operation asks for and their scopes, each scheme once; those of its dependencies come first. */
export function securityOf({ security, documentation }: Declaration): Record<string, string[]>[] {
  const scopes = new Map<string, Set<string>>();
  for (const requirement of [...security, ...(documentation.security ?? [])]) {
    const { schemeName } = schemeOf(requirement);
    const known = scopes.get(schemeName) ?? new Set();
    scopes.set(schemeName, known);
    if ("scopes" in requirement) for (const scope of requirement.scopes) known.add(scope);
  }
  return [...scopes].map(([name, names]) => ({ [name]: [...names] }));
}

/** The schemes that several operations ask for, by name. */
export function securitySchemesOf(
  declarations: readonly Declaration[],
): Record<string, SecuritySchemeDefinition> {
  const requirements = declarations.flatMap(({ security, documentation }) => [
    ...security,
    ...(documentation.security ?? []),
  ]);
  return Object.fromEntries(
    requirements.map((one) => [schemeOf(one).schemeName, schemeOf(one).definition] as const),
  );
}

function schemeOf(requirement: SecurityRequirement): DeclaredSecurityScheme {
  return "scheme" in requirement ? requirement.scheme : requirement;
}
