import type { App } from "../app/app.ts";
import type { AppDocumentation } from "../app/documentation.ts";
import { resolveSettings } from "../app/settings.ts";
import { Components } from "./components.ts";
import { declarationOf } from "./declaration.ts";
import { mapValues } from "./json-schema.ts";
import { uniqueNames } from "./names.ts";
import {
  type Building,
  compact,
  describedPathItem,
  operationObject,
  securitySchemesOf,
} from "./operation.ts";
import { streamsItems } from "./responses.ts";

/** An OpenAPI document, as it is written to JSON. */
export type OpenApiDocument = Record<string, unknown>;

/**
 * The OpenAPI document of an app, built from its declarations alone, without those of apps mounted in it. Its version is 3.1.0; when an operation streams
 * items it is 3.2.0, which is the first that can say of what.
 *
 * @param rootPath - What stands before its paths, without a last slash. Default: what the app itself says.
 */
export function createDocument(
  app: App,
  rootPath: string = resolveSettings(app.settings).rootPath,
): OpenApiDocument {
  const { documentation } = app;
  const building: Building = {
    components: new Components(),
    nameOperation: documentation.operationId,
    unique: uniqueNames(),
    declarations: [],
  };
  const body = {
    paths: pathsOf(app, building),
    webhooks: webhooksOf(documentation, building),
  };
  const { document, schemas } = building.components.resolve(body);
  const securitySchemes = securitySchemesOf(building.declarations);
  const components = compact({
    schemas: unlessEmpty(schemas),
    securitySchemes: unlessEmpty(securitySchemes),
  });
  const result = compact({
    openapi: building.declarations.some(streamsItems) ? "3.2.0" : "3.1.0",
    info: infoOf(app),
    servers: serversOf(documentation, rootPath),
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

/** A proxy's path is a server of its own, before those that were declared. */
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
