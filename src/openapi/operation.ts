import type { NamedOperation } from "../app/app-documentation.ts";
import type { DescribedPath } from "../app/documentation.ts";
import type { Components } from "./components.ts";
import { type Declaration, describedDeclaration } from "./declaration.ts";
import { mapValues } from "./json-schema.ts";
import { operationName, toTitle } from "./names.ts";
import { parametersOf } from "./parameters.ts";
import { requestBodyOf } from "./request-body.ts";
import { merged, responsesOf } from "./responses.ts";
import { securityOf } from "./security.ts";

/** What all operations of one document share while it is built. */
export interface Building {
  readonly components: Components;
  /** The rule that names operations whose routers have none. */
  readonly nameOperation: (operation: NamedOperation) => string;
  /** Gives each name once. */
  readonly unique: (name: string) => string;
  /** Every operation met so far, callbacks included. */
  readonly declarations: Declaration[];
}

/** OpenAPI's Operation Object. */
export function operationObject(declaration: Declaration, building: Building): Record<string, unknown> {
  const { name, method, template, tags, documentation, operationIdRule } = declaration;
  const { components, nameOperation } = building;
  building.declarations.push(declaration);
  const named = { name, method, path: template, tags };
  const operationId = building.unique(documentation.operationId ?? (operationIdRule ?? nameOperation)(named));
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

/** The handler's name; where it has none, an operationId that was chosen says more than method and path do. */
function summaryName({ name, method, template, documentation }: Declaration): string {
  return name === operationName("", method, template) ? (documentation.operationId ?? name) : name;
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
