import type { DescribedPath, ExternalDocs, ServerDocumentation } from "./documentation.ts";

/** An operation as the operationId rule sees it. */
export interface NamedOperation {
  /** The handler's name; for one without, method and path in words: `get_items_item_id`. */
  readonly name: string;
  /** Its method, in lower case. */
  readonly method: string;
  /** Its path as it stands in the document: `/items/{item_id}`. */
  readonly path: string;
  /** Its tags, those of its routers first. */
  readonly tags: readonly string[];
}

/** What an app says about itself in the OpenAPI document, and where document and pages are. */
export interface AppDocumentation {
  /** The API's name. Default `"offloop"`. */
  readonly title?: string;
  /** The API's own version. Default `"0.1.0"`. */
  readonly version?: string;
  /** One line about the API. */
  readonly summary?: string;
  /** More about the API; Markdown. */
  readonly description?: string;
  /** URL of the terms of service. */
  readonly termsOfService?: string;
  /** Whom to ask. */
  readonly contact?: {
    /** A person or a team. */
    readonly name?: string;
    /** Their page. */
    readonly url?: string;
    /** Their address. */
    readonly email?: string;
  };
  /** The API's license: an SPDX `identifier` or a `url`. */
  readonly license?: {
    /** What it is called. */
    readonly name: string;
    /** Its SPDX identifier, like `"Apache-2.0"`. */
    readonly identifier?: string;
    /** Where its text is. */
    readonly url?: string;
  };
  /** Where the API is reached. Default: where the document is. */
  readonly servers?: readonly ServerDocumentation[];
  /** What is to be said about tags, in the order in which they are shown. */
  readonly openapiTags?: readonly {
    /** The tag. */
    readonly name: string;
    /** What its operations have in common; Markdown. */
    readonly description?: string;
    /** A page with more about it. */
    readonly externalDocs?: ExternalDocs;
  }[];
  /** A page with more about the API. */
  readonly externalDocs?: ExternalDocs;
  /** Requests the API makes on its own account: name, then method. */
  readonly webhooks?: Readonly<Record<string, DescribedPath>>;
  /** Whether the document lists `rootPath` as a server. Default true. */
  readonly rootPathInServers?: boolean;
  /** Path of the OpenAPI document; null switches it and both pages off. Default `"/openapi.json"`. */
  readonly openapiUrl?: string | null;
  /** Path of Swagger UI; null switches it off. Default `"/docs"`. */
  readonly docsUrl?: string | null;
  /** Path of Redoc; null switches it off. Default `"/redoc"`. */
  readonly redocUrl?: string | null;
  /** Settings of Swagger UI, as its own documentation names them: `{ docExpansion: "none" }`. JSON values. */
  readonly swaggerUiParameters?: Readonly<Record<string, unknown>>;
  /** What Swagger UI's Authorize dialog starts with: `{ clientId: "docs", usePkceWithAuthorizationCodeGrant: true }`. */
  readonly swaggerUiInitOAuth?: Readonly<Record<string, unknown>>;
  /** The rule that names operations which do not say their `operationId`. Default: FastAPI's. */
  readonly operationId?: (operation: NamedOperation) => string;
  /** Has the last word on the document: gets it as built, returns what is served. */
  readonly openapi?: (document: Record<string, unknown>) => Record<string, unknown>;
}

/** The names of all of it. */
export const appDocumentationNames: Readonly<Record<keyof AppDocumentation, true>> = {
  title: true,
  version: true,
  summary: true,
  description: true,
  termsOfService: true,
  contact: true,
  license: true,
  servers: true,
  openapiTags: true,
  externalDocs: true,
  webhooks: true,
  rootPathInServers: true,
  openapiUrl: true,
  docsUrl: true,
  redocUrl: true,
  swaggerUiParameters: true,
  swaggerUiInitOAuth: true,
  operationId: true,
  openapi: true,
};
