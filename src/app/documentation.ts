import type { Schema, Schemas } from "../schema/schema.ts";
import type { SecurityRequirement } from "./security-scheme.ts";

/** A named example: OpenAPI's Example Object. */
interface Example {
  /** One line about it. */
  readonly summary?: string | undefined;
  /** A longer description, in Markdown. */
  readonly description?: string | undefined;
  /** The example itself: any JSON value. */
  readonly value?: unknown;
  /** URL of an example that does not fit in here. */
  readonly externalValue?: string | undefined;
}

/** Examples by name, for a reader to choose from. */
export type Examples = Readonly<Record<string, Example>>;

/** Examples of an operation's inputs. */
interface InputExamples {
  /** Examples of each path parameter. */
  readonly params?: Readonly<Record<string, Examples>> | undefined;
  /** Examples of each query parameter. */
  readonly query?: Readonly<Record<string, Examples>> | undefined;
  /** Examples of each header, by its declared name. */
  readonly headers?: Readonly<Record<string, Examples>> | undefined;
  /** Examples of each cookie. */
  readonly cookies?: Readonly<Record<string, Examples>> | undefined;
  /** Examples of the body. */
  readonly body?: Examples | undefined;
}

/** The content of a response in one media type. */
export interface MediaTypeDocumentation {
  /** The schema of its content. */
  readonly schema?: Schema | undefined;
  /** One example: any JSON value. */
  readonly example?: unknown;
  /** Examples by name. */
  readonly examples?: Examples | undefined;
}

/** A response an operation may give in addition to the one it declares. */
export interface ResponseDocumentation {
  /** Its meaning. Default: the status' standard phrase. */
  readonly description?: string | undefined;
  /** The schema of its JSON body. Default: none is documented. */
  readonly schema?: Schema | undefined;
  /** Its body in other media types, or examples of the JSON body. */
  readonly content?: Readonly<Record<string, MediaTypeDocumentation>> | undefined;
  /** Its headers: a schema and a description for each. */
  readonly headers?:
    | Readonly<
        Record<string, { readonly description?: string | undefined; readonly schema?: Schema | undefined }>
      >
    | undefined;
}

/** Responses by status: `404`, `"4XX"` or `"default"`. */
type ResponseDocumentations = Readonly<
  Record<number | `${1 | 2 | 3 | 4 | 5}XX` | "default", ResponseDocumentation>
>;

/** A page with further information. */
interface ExternalDocs {
  /** Its URL. */
  readonly url: string;
  /** A description of the page. */
  readonly description?: string | undefined;
}

/** Where the API is reached: OpenAPI's Server Object. */
interface ServerDocumentation {
  /** Its URL, which may be relative and have `{variables}`. */
  readonly url: string;
  /** Its purpose. */
  readonly description?: string | undefined;
  /** The variables in its URL. */
  readonly variables?:
    | Readonly<
        Record<
          string,
          {
            readonly default: string;
            readonly enum?: readonly string[] | undefined;
            readonly description?: string | undefined;
          }
        >
      >
    | undefined;
}

/** How an operation appears in the OpenAPI document. Only `responseMediaType` also says how it answers. */
export interface OperationDocumentation {
  /** One line about it. Default: the handler's name in words, `readItem` as "Read Item". */
  readonly summary?: string | undefined;
  /** A longer description, in Markdown. */
  readonly description?: string | undefined;
  /**
   * Its name in the document and in generated clients; a repeated name gets a number. The default follows FastAPI's
   * rule: the handler's name, path and method, `read_item_items__item_id__get`; for a handler without a name only
   * method and path, `get_items_item_id`.
   */
  readonly operationId?: string | undefined;
  /** Whether clients should stop using it. Default false. */
  readonly deprecated?: boolean | undefined;
  /** Whether to leave it out of the document. Default false. */
  readonly hidden?: boolean | undefined;
  /** The meaning of its success. Default "Successful Response". */
  readonly responseDescription?: string | undefined;
  /**
   * The media type of its success. Default `"application/json"`, for a generator `"application/jsonl"`. In any other
   * type the body is documented as a string; in `"text/event-stream"` and `"application/jsonl"` as a sequence of items
   * of the `response` schema. A plain value is also sent with this type if it is a kind of JSON, like
   * `"application/problem+json"`. `null`: no body, as with FastAPI's `response_class=Response`; a handler that returns
   * nothing is answered without one, and a plain value is `OFFLOOP_RESPONSE_INVALID`.
   */
  readonly responseMediaType?: string | null | undefined;
  /** Other responses it may give. */
  readonly responses?: Partial<ResponseDocumentations> | undefined;
  /** Examples of its inputs. */
  readonly examples?: InputExamples | undefined;
  /** A page with more about it. */
  readonly externalDocs?: ExternalDocs | undefined;
  /** Where to reach this operation, if not where the others are. */
  readonly servers?: readonly ServerDocumentation[] | undefined;
  /** Requests that it makes back to its client: name, then the URL as a runtime expression, then the method. */
  readonly callbacks?: Readonly<Record<string, Readonly<Record<string, DescribedPath>>>> | undefined;
  /** Security schemes that it requires by other means than dependencies. */
  readonly security?: readonly SecurityRequirement[] | undefined;
  /** Merged into its object in the document, for anything that has no option of its own, like `x-` extensions. */
  readonly openapiExtra?: Readonly<Record<string, unknown>> | undefined;
}

/** The names of all these options. */
export const documentationNames: Readonly<Record<keyof OperationDocumentation, true>> = {
  summary: true,
  description: true,
  operationId: true,
  deprecated: true,
  hidden: true,
  responseDescription: true,
  responseMediaType: true,
  responses: true,
  examples: true,
  externalDocs: true,
  servers: true,
  callbacks: true,
  security: true,
  openapiExtra: true,
};

/** The methods of a described path. */
export type DescribedPath = Partial<
  Readonly<
    Record<"get" | "put" | "post" | "delete" | "patch" | "options" | "head" | "trace", DescribedOperation>
  >
>;

/** An operation that somebody else answers: a webhook or a callback. It is only described, never run. */
export interface DescribedOperation extends OperationDocumentation {
  /** A schema for each path parameter. */
  readonly params?: Schemas;
  /** The query parameters. */
  readonly query?: Schemas | Schema;
  /** The headers: `x_token` stands for `x-token`. */
  readonly headers?: Schemas | Schema | undefined;
  /** The cookies. */
  readonly cookies?: Schemas | Schema;
  /** The body, as JSON: one schema for all of it, or one for each of its keys. */
  readonly body?: Schemas | Schema;
  /** The fields and files of a form, or one schema for all of them. */
  readonly form?: Schemas | Schema;
  /** The body of a success. */
  readonly response?: Schema;
  /** The status of a success. Default 200. */
  readonly status?: number | undefined;
  /** Tags. */
  readonly tags?: readonly string[] | undefined;
}

/** An operation, as the rule for operationIds sees it. */
export interface NamedOperation {
  /** The handler's name; if it has none, method and path in words: `get_items_item_id`. */
  readonly name: string;
  /** Its method, in lower case. */
  readonly method: string;
  /** Its path as it appears in the document: `/items/{item_id}`. */
  readonly path: string;
  /** Its tags, with those of its routers first. */
  readonly tags: readonly string[];
}

/** How an app describes itself in the OpenAPI document, and where the document and its pages are. */
export interface AppDocumentation {
  /** The API's name. Default `"offloop"`. */
  readonly title?: string | undefined;
  /** The API's own version. Default `"0.1.0"`. */
  readonly version?: string | undefined;
  /** One line about the API. */
  readonly summary?: string | undefined;
  /** A longer description of the API, in Markdown. */
  readonly description?: string | undefined;
  /** URL of the terms of service. */
  readonly termsOfService?: string | undefined;
  /** Whom to contact. */
  readonly contact?:
    | {
        /** A person or a team. */
        readonly name?: string | undefined;
        /** The URL of their page. */
        readonly url?: string | undefined;
        /** Their e-mail address. */
        readonly email?: string | undefined;
      }
    | undefined;
  /** The API's license: an SPDX `identifier` or a `url`. */
  readonly license?:
    | {
        /** Its name. */
        readonly name: string;
        /** Its SPDX identifier, like `"Apache-2.0"`. */
        readonly identifier?: string | undefined;
        /** The URL of its text. */
        readonly url?: string | undefined;
      }
    | undefined;
  /** Where to reach the API. Default: where the document is. */
  readonly servers?: readonly ServerDocumentation[] | undefined;
  /** Descriptions of tags, in the order in which they are shown. */
  readonly openapiTags?:
    | readonly {
        /** The tag. */
        readonly name: string;
        /** What its operations have in common, in Markdown. */
        readonly description?: string | undefined;
        /** A page with more about it. */
        readonly externalDocs?: ExternalDocs | undefined;
      }[]
    | undefined;
  /** A page with more about the API. */
  readonly externalDocs?: ExternalDocs | undefined;
  /** Requests that the API makes on its own initiative: name, then method. */
  readonly webhooks?: Readonly<Record<string, DescribedPath>> | undefined;
  /** Whether the document lists `rootPath` as a server. Default true. */
  readonly rootPathInServers?: boolean | undefined;
  /** Path of the OpenAPI document; null turns off the document and both pages. Default `"/openapi.json"`. */
  readonly openapiUrl?: string | null | undefined;
  /** Path of Swagger UI; null turns it off. Default `"/docs"`. */
  readonly docsUrl?: string | null | undefined;
  /** Path of Redoc; null turns it off. Default `"/redoc"`. */
  readonly redocUrl?: string | null | undefined;
  /** Settings of Swagger UI, under the names in its own documentation: `{ docExpansion: "none" }`. JSON values. */
  readonly swaggerUiParameters?: Readonly<Record<string, unknown>> | undefined;
  /** Initial values of Swagger UI's Authorize dialog: `{ clientId: "docs", usePkceWithAuthorizationCodeGrant: true }`. */
  readonly swaggerUiInitOAuth?: Readonly<Record<string, unknown>> | undefined;
  /** The rule that names operations without an `operationId` of their own. Default: FastAPI's. */
  readonly operationId?: ((operation: NamedOperation) => string) | undefined;
  /** Has the last word on the document: receives it as built, and returns the one to serve. */
  readonly openapi?: ((document: Record<string, unknown>) => Record<string, unknown>) | undefined;
}

/** The names of all these options. */
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
