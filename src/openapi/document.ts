import type { App } from "../app/app.ts";
import type { AppDocumentation, DescribedPath, NamedOperation } from "../app/documentation.ts";
import type { DeclaredSecurityScheme } from "../app/security-scheme.ts";
import { type ResolvedSettings, resolveSettings } from "../app/settings/settings.ts";
import { Components } from "./components.ts";
import { type Declaration, declarationOf, describedDeclaration, sessionScheme } from "./declaration.ts";
import { mapValues, merged } from "./json-schema.ts";
import { operationId as fastApiName, toTitle, uniqueNames } from "./names.ts";
import { parametersOf } from "./parameters.ts";
import { requestBodyOf } from "./request-body.ts";
import { responsesOf, streamsItems } from "./responses.ts";
import { securityOf, securitySchemesOf } from "./security.ts";

/** An OpenAPI document, in the form that is written as JSON. */
export type OpenApiDocument = Record<string, unknown>;

/** What a document says of how its app is served. */
export type DocumentSettings = Pick<ResolvedSettings, "rootPath" | "session">;

/**
 * The OpenAPI document of an app, built from its own declarations, without those of apps mounted in it. Its version is
 * 3.1.0; when an operation streams items it is 3.2.0, the first version that can describe the items.
 *
 * @param settings - The prefix of its paths, without a trailing slash, and the session. Default: the app's own.
 */
export function createDocument(
  app: App,
  settings: DocumentSettings = resolveSettings(app.settings),
): OpenApiDocument {
  const { documentation } = app;
  const building: Building = {
    components: new Components(),
    nameOperation: documentation.operationId,
    unique: uniqueNames(),
    session: sessionScheme(settings.session),
    declarations: [],
  };
  const body = {
    paths: pathsOf(app, building),
    webhooks: webhooksOf(documentation, building),
  };
  const { document, schemas } = building.components.resolve(body);
  const securitySchemes = securitySchemesOf(building.declarations, building.session);
  const components = compact({
    schemas: unlessEmpty(schemas),
    securitySchemes: unlessEmpty(securitySchemes),
  });
  const result = compact({
    openapi: building.declarations.some(streamsItems) ? "3.2.0" : "3.1.0",
    info: infoOf(app),
    servers: serversOf(documentation, settings.rootPath),
    paths: document.paths,
    webhooks: document.webhooks,
    components: unlessEmpty(components),
    tags: documentation.openapiTags,
    externalDocs: documentation.externalDocs,
  });
  return documentation.openapi === undefined ? result : documentation.openapi(result);
}

function infoOf({ title, version, documentation }: App): Record<string, unknown> {
  const { summary, description, termsOfService, contact, license } = documentation;
  return compact({ title, summary, description, termsOfService, contact, license, version });
}

/** A proxy's path is a server of its own, listed before those that were declared. */
function serversOf({ servers, rootPathInServers = true }: AppDocumentation, root: string): unknown {
  if (root === "" || !rootPathInServers || servers?.some(({ url }) => url === root)) return servers;
  return [{ url: root }, ...(servers ?? [])];
}

function pathsOf(app: App, building: Building): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of app.declaredOperations()) {
    if (operation.documentation.hidden === true) continue;
    const declaration = declarationOf(operation);
    const item = paths[declaration.template] ?? {};
    paths[declaration.template] = item;
    item[declaration.method] = operationObject(declaration, building);
  }
  return paths;
}

function webhooksOf({ webhooks }: AppDocumentation, building: Building): unknown {
  if (webhooks === undefined) return undefined;
  return mapValues(webhooks, (methods, name) => describedPathItem(name, "", methods, building));
}

function unlessEmpty<T extends object>(record: T): T | undefined {
  return Object.keys(record).length === 0 ? undefined : record;
}

/** What all operations of one document share while it is built. */
interface Building {
  readonly components: Components;
  /** The rule that names operations whose routers have no rule. */
  readonly nameOperation: ((operation: NamedOperation) => string) | undefined;
  /** Makes names unique. */
  readonly unique: (name: string) => string;
  /** The scheme of operations that need a session. */
  readonly session: DeclaredSecurityScheme;
  /** Every operation met so far, callbacks included. */
  readonly declarations: Declaration[];
}

/** OpenAPI's Operation Object. */
function operationObject(declaration: Declaration, building: Building): Record<string, unknown> {
  const { tags, documentation } = declaration;
  const { components } = building;
  building.declarations.push(declaration);
  const operationId = building.unique(documentation.operationId ?? idOf(declaration, building));
  const parameters = parametersOf(declaration, components);
  const security = securityOf(declaration, building.session);
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

/** By the nearest rule, or FastAPI's; a name made from method and path needs no more. */
function idOf(
  { name, isNamed, method, template: path, tags, operationIdRule }: Declaration,
  building: Building,
): string {
  const rule = operationIdRule ?? building.nameOperation;
  if (rule !== undefined) return rule({ name, method, path, tags });
  return isNamed ? fastApiName({ name, method, path }) : name;
}

/** The handler's name; if it has none, a chosen operationId says more than method and path do. */
function summaryName({ name, isNamed, documentation }: Declaration): string {
  return isNamed ? name : (documentation.operationId ?? name);
}

/** The operations of a webhook, or of one URL of a callback. */
function describedPathItem(
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

/** Removes keys that carry no information. */
function compact(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
