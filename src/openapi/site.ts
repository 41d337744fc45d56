import type { App } from "../app/app.ts";
import type { AppDocumentation } from "../app/documentation.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { type AssetName, assets, readAsset } from "./assets.ts";
import { createDocument, type DocumentSettings } from "./document.ts";
import { oauth2RedirectPage, type Page, redocPage, swaggerUiInitializer, swaggerUiPage } from "./pages.ts";

/** A file that the documentation serves, created on first request. */
export interface SiteFile {
  /** Its path within the app. */
  readonly path: string;
  readonly mediaType: string;
  readonly make: () => string | Promise<Buffer>;
}

/**
 * The document, the pages and their files. An app without `openapiUrl` has none of them.
 *
 * @param settings - The prefix of their paths, without a trailing slash, and the session.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when one of the three URLs is not a path.
 */
export function siteOf(app: App, settings: DocumentSettings): SiteFile[] {
  const { rootPath } = settings;
  const { openapiUrl, docsUrl, redocUrl } = sitePaths(app);
  if (openapiUrl === undefined) return [];
  const document = {
    path: openapiUrl,
    mediaType: "application/json",
    make: () => JSON.stringify(createDocument(app, settings)),
  };
  return [
    document,
    ...(docsUrl === undefined
      ? []
      : swaggerUi(docsUrl, pageAt(docsUrl, openapiUrl, app, rootPath), app.documentation)),
    ...(redocUrl === undefined ? [] : redoc(redocUrl, pageAt(redocUrl, openapiUrl, app, rootPath))),
  ];
}

/** The paths of the document and the pages, within the app. */
interface SitePaths {
  readonly openapiUrl: string | undefined;
  readonly docsUrl: string | undefined;
  readonly redocUrl: string | undefined;
}

/**
 * Undefined for what an app does not have: without the document there are no pages either.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when one of the three URLs is not a path.
 */
export function sitePaths(app: App): SitePaths {
  const { openapiUrl = "/openapi.json", docsUrl = "/docs", redocUrl = "/redoc" } = app.documentation;
  for (const [name, url] of Object.entries({ openapiUrl, docsUrl, redocUrl })) checkUrl(name, url, app);
  const page = (url: string | null): string | undefined =>
    isOff(openapiUrl) || isOff(url) ? undefined : url;
  return { openapiUrl: page(openapiUrl), docsUrl: page(docsUrl), redocUrl: page(redocUrl) };
}

/** FastAPI, too, takes an empty URL for none. */
function isOff(url: string | null): url is null {
  return url === null || url === "";
}

function checkUrl(name: string, url: string | null, { location }: App): void {
  if (isOff(url) || (typeof url === "string" && url.startsWith("/"))) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${name}: expected a path that starts with "/", got ${shownValue(url)}`,
    { at: location, fix: `write ${name}: ${JSON.stringify(`/${url}`)}, or null to switch it off` },
  );
}

function pageAt(path: string, openapiUrl: string, { title }: App, root: string): Page {
  return { title, documentUrl: root + openapiUrl, filesUrl: root + folderOf(path) };
}

function folderOf(path: string): string {
  return path.replace(/\/$/, "");
}

function swaggerUi(path: string, page: Page, documentation: AppDocumentation): SiteFile[] {
  const { swaggerUiParameters = {}, swaggerUiInitOAuth } = documentation;
  const folder = folderOf(path);
  return [
    { path, mediaType: HTML, make: () => swaggerUiPage(page) },
    { path: `${folder}/oauth2-redirect`, mediaType: HTML, make: () => oauth2RedirectPage(page) },
    {
      path: `${folder}/swagger-ui-initializer.js`,
      mediaType: "text/javascript; charset=utf-8",
      make: () => swaggerUiInitializer(page, swaggerUiParameters, swaggerUiInitOAuth),
    },
    ...(["swagger-ui.css", "swagger-ui-bundle.js", "oauth2-redirect.js", "favicon-32x32.png"] as const).map(
      (name) => assetFile(folder, name),
    ),
  ];
}

function redoc(path: string, page: Page): SiteFile[] {
  return [
    { path, mediaType: HTML, make: () => redocPage(page) },
    assetFile(folderOf(path), "redoc.standalone.js"),
  ];
}

const HTML = "text/html; charset=utf-8";

function assetFile(folder: string, name: AssetName): SiteFile {
  const { mediaType } = assets[name];
  return {
    path: `${folder}/${name}`,
    mediaType: mediaType.startsWith("text/") ? `${mediaType}; charset=utf-8` : mediaType,
    make: () => readAsset(name),
  };
}
