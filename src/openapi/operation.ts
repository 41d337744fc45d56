import type { DescribedPath, NamedOperation } from "../app/documentation.ts";
import type {
  DeclaredSecurityScheme,
  SecurityRequirement,
  SecuritySchemeDefinition,
} from "../app/security-scheme.ts";
import type { Components } from "./components.ts";
import { type Declaration, describedDeclaration } from "./declaration.ts";
import { mapValues } from "./json-schema.ts";
import { operationId as fastApiName, toTitle } from "./names.ts";
import { parametersOf } from "./parameters.ts";
import { requestBodyOf } from "./request-body.ts";
import { merged, responsesOf } from "./responses.ts";

/** What all operations of one document share while it is built. */
export interface Building {
  readonly components: Components;
  /** The app's rule that names operations whose routers have none. */
  readonly nameOperation: ((operation: NamedOperation) => string) | undefined;
  /** Gives each name once. */
  readonly unique: (name: string) => string;
  /** Every operation met so far, callbacks included. */
  readonly declarations: Declaration[];
}

/** OpenAPI's Operation Object. */
export function operationObject(declaration: Declaration, building: Building): Record<string, unknown> {
  const { tags, documentation } = declaration;
  const { components } = building;
  building.declarations.push(declaration);
  const operationId = building.unique(documentation.operationId ?? idOf(declaration, building));
  const parameters = parametersOf(declaration, components);
  const security = securityOf(declaration);
  const {
    summary = toTitle(summaryName(declaration)),
    description,
    deprecated,
    externalDocs,
    servers,
    openapiExtra,
  } = documentation;
  const object = compact({
    tags: tags.length > 0 ? [...new Set(tags)] : undefined,
    summary,
    description,
    externalDocs,
    operationId,
    parameters: parameters.length > 0 ? parameters : undefined,
    requestBody: requestBodyOf(declaration, operationId, components),
    responses: responsesOf(declaration, components),
    callbacks: callbacksOf(declaration, building),
    deprecated: deprecated === true ? true : undefined,
    security: security.length > 0 ? security : undefined,
    servers,
  });
  return openapiExtra === undefined ? object : merged(object, openapiExtra);
}

/** By the nearest rule, or FastAPI's; a name made of method and path holds all of that already. */
function idOf(
  { name, isNamed, method, template: path, tags, operationIdRule }: Declaration,
  building: Building,
): string {
  const rule = operationIdRule ?? building.nameOperation;
  if (rule !== undefined) return rule({ name, method, path, tags });
  return isNamed ? fastApiName({ name, method, path }) : name;
}

/** The handler's name; where it has none, an operationId that was chosen says more than method and path do. */
function summaryName({ name, isNamed, documentation }: Declaration): string {
  return isNamed ? name : (documentation.operationId ?? name);
}

/** The operations of a webhook, or of one URL of a callback. */
export function describedPathItem(
  name: string,
  template: string,
  described: DescribedPath,
  building: Building,
): Record<string, unknown> {
  return mapValues(described, (operation, method) =>
    operationObject(describedDeclaration(name, method, template, operation ?? {}), building),
  );
}

function callbacksOf(
  { documentation }: Declaration,
  building: Building,
): Record<string, unknown> | undefined {
  if (documentation.callbacks === undefined) return undefined;
  return mapValues(documentation.callbacks, (urls, name) =>
    mapValues(urls, (methods, url) => describedPathItem(name, url, methods, building)),
  );
}

/** Without the keys that say nothing. */
export function compact(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

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
