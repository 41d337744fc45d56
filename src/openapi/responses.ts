import type { MediaTypeDocumentation, ResponseDocumentation } from "../app/documentation.ts";
import { isBodyless } from "../app/reply.ts";
import { standardPhrase } from "../errors/http-error.ts";
import type { Components } from "./components.ts";
import type { Declaration } from "./declaration.ts";
import { type JsonSchema, mapValues, merged } from "./json-schema.ts";
import { canFail } from "./parameters.ts";

const JSON_TYPE = "application/json";

/** OpenAPI's Responses Object: the declared success, the other responses, the 401 without a session, and the 422 for a request that does not fit. */
export function responsesOf(declaration: Declaration, components: Components): Record<string, unknown> {
  const { documentation, status } = declaration;
  const responses: Record<string, Record<string, unknown>> = {
    [status]: successOf(declaration, components),
  };
  for (const [key, other] of Object.entries(documentation.responses ?? {})) {
    if (other !== undefined)
      responses[key] = merged(responses[key] ?? {}, responseOf(key, other, components, key in responses));
  }
  const isOpen = (refusal: string): boolean => ![refusal, "4XX", "default"].some((key) => key in responses);
  if (declaration.needsSession && isOpen("401"))
    responses["401"] = {
      description: "Not Authenticated",
      content: { [JSON_TYPE]: { schema: refusalSchema } },
    };
  if (canFail(declaration) && isOpen("422")) {
    const schema = validationErrorSchema(components);
    responses["422"] = { description: "Validation Error", content: { [JSON_TYPE]: { schema } } };
  }
  return responses;
}

/** The body of a refusal that is one sentence. */
const refusalSchema: JsonSchema = {
  type: "object",
  properties: { detail: { type: "string" } },
  required: ["detail"],
};

/** Whether a response is a sequence of items, which OpenAPI can describe only since 3.2. */
export function streamsItems({ responseMediaType }: Declaration): boolean {
  return itemMediaTypes.has(responseMediaType ?? JSON_TYPE);
}

function successOf(declaration: Declaration, components: Components): Record<string, unknown> {
  const { documentation, responseMediaType: mediaType, status } = declaration;
  const description = documentation.responseDescription ?? "Successful Response";
  if (mediaType === null || status < 200 || isBodyless(status)) return { description };
  return { description, content: { [mediaType]: contentOf(mediaType, declaration, components) } };
}

const itemMediaTypes = new Set(["text/event-stream", "application/jsonl"]);

function contentOf(
  mediaType: string,
  { response }: Declaration,
  components: Components,
): Record<string, unknown> {
  const item = response === undefined ? undefined : components.use(response, "output");
  if (mediaType === "text/event-stream") return { itemSchema: eventSchema(item) };
  if (mediaType === "application/jsonl") return { itemSchema: item ?? {} };
  return { schema: /[/+]json$/.test(mediaType) ? (item ?? {}) : (item ?? { type: "string" }) };
}

/** One server-sent event; its data is JSON if its schema is known. */
function eventSchema(item: JsonSchema | undefined): JsonSchema {
  const data = { type: "string", ...(item && { contentMediaType: JSON_TYPE, contentSchema: item }) };
  return {
    type: "object",
    properties: {
      data,
      event: { type: "string" },
      id: { type: "string" },
      retry: { type: "integer", minimum: 0 },
    },
    ...(item === undefined ? {} : { required: ["data"] }),
  };
}

function responseOf(
  key: string,
  { description, schema, content = {}, headers }: ResponseDocumentation,
  components: Components,
  described: boolean,
): Record<string, unknown> {
  const bodies =
    schema === undefined ? content : { ...content, [JSON_TYPE]: { ...content[JSON_TYPE], schema } };
  return {
    ...(description === undefined && described ? {} : { description: description ?? phraseOf(key) }),
    ...(headers === undefined
      ? {}
      : {
          headers: mapValues(headers, (header) => ({
            schema: { type: "string" },
            ...withSchema(header, components),
          })),
        }),
    ...(Object.keys(bodies).length === 0
      ? {}
      : { content: mapValues(bodies, (body) => withSchema(body, components)) }),
  };
}

function withSchema(
  { schema, ...rest }: MediaTypeDocumentation,
  components: Components,
): Record<string, unknown> {
  return schema === undefined ? rest : { ...rest, schema: components.use(schema, "output") };
}

const ranges: Readonly<Record<string, string>> = {
  "1XX": "Information",
  "2XX": "Success",
  "3XX": "Redirection",
  "4XX": "Client Error",
  "5XX": "Server Error",
  default: "Default Response",
};

function phraseOf(key: string): string {
  return ranges[key] ?? standardPhrase(key) ?? "Additional Response";
}

/** The body of a 422, with FastAPI's name and shape. */
function validationErrorSchema(components: Components): JsonSchema {
  const detail = components.name("ValidationError", {
    type: "object",
    title: "ValidationError",
    properties: {
      loc: {
        type: "array",
        title: "Location",
        items: { anyOf: [{ type: "string" }, { type: "integer" }] },
      },
      msg: { type: "string", title: "Message" },
      type: { type: "string", title: "Error Type" },
      input: { title: "Input" },
      ctx: { type: "object", title: "Context" },
    },
    required: ["loc", "msg", "type"],
  });
  return components.name("HTTPValidationError", {
    type: "object",
    title: "HTTPValidationError",
    properties: { detail: { type: "array", title: "Detail", items: detail } },
  });
}
