import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { documentDifference } from "../../conformance/compare-openapi.ts";

type Json = Record<string, unknown>;

const item = { type: "object", properties: { title: { type: "string" } }, required: ["title"] };

/** A document of one operation, with the given parts in place of its own. */
function documentOf(operation: Json, components: Json = { schemas: { Item: item } }): Json {
  const ok = { description: "Fine", content: { "application/json": { schema: {} } } };
  const whole = { summary: "Add", operationId: "add", responses: { 200: ok }, ...operation };
  return {
    openapi: "3.1.0",
    info: { title: "Shop", version: "1" },
    paths: { "/": { post: whole } },
    components,
  };
}

const parameter = (schema: Json): Json => ({
  parameters: [{ name: "q", in: "query", required: false, schema }],
});
const body = (schema: Json, mediaType = "application/json"): Json => ({
  requestBody: { content: { [mediaType]: { schema } } },
});
const text = { type: "string" };
const nullable = { anyOf: [text, { type: "null" }] };

describe("documentDifference()", () => {
  for (const [what, given, recorded] of [
    ["prose", documentOf({ description: "More" }), documentOf({ summary: "Other" })],
    [
      "ids made of a function's name",
      documentOf({ operationId: "post_root" }),
      documentOf({ operationId: "add__post" }),
    ],
    [
      "prose of a field called value, default or example",
      documentOf(body({ properties: { value: { ...text, title: "V" }, default: text, example: text } })),
      documentOf(
        body({
          properties: { value: text, default: { ...text, title: "D" }, example: { ...text, title: "E" } },
        }),
      ),
    ],
    ["names of schemas", documentOf(body({ $ref: "#/components/schemas/Item" })), documentOf(body(item), {})],
    ["null in a parameter", documentOf(parameter(text)), documentOf(parameter({ ...nullable, title: "Q" }))],
    [
      "null in a form",
      documentOf(body({ properties: { a: text } }, "multipart/form-data")),
      documentOf(body({ properties: { a: nullable } }, "multipart/form-data")),
    ],
  ] as const) {
    test(`overlooks ${what}`, () => assert.equal(documentDifference(given, recorded), undefined));
  }

  for (const [what, given, recorded] of [
    ["that there is no document", undefined, documentOf({})],
    ["a path that is missing", { ...documentOf({}), paths: {} }, documentOf({})],
    ["a tag", documentOf({ tags: ["a"] }), documentOf({})],
    [
      "an id that the app has chosen",
      documentOf({ operationId: "create" }),
      documentOf({ operationId: "add__post" }),
    ],
    [
      "what reads like prose deep in a default",
      documentOf(body({ ...text, default: { a: { title: "x" } } })),
      documentOf(body({ ...text, default: { a: { title: "y" } } })),
    ],
    ["a limit", documentOf(parameter({ ...text, maxLength: 3 })), documentOf(parameter(text))],
    ["null in a JSON body", documentOf(body(text)), documentOf(body(nullable))],
    [
      "a field whose name is that of prose",
      documentOf(body({ ...item, properties: {} })),
      documentOf(body(item)),
    ],
    [
      "an example's field whose name is that of prose",
      documentOf(body({ examples: [{ description: "a" }] })),
      documentOf(body({ examples: [{ description: "b" }] })),
    ],
    ["a status", documentOf({ responses: { 201: {} } }), documentOf({})],
    ["what has to be proved", documentOf({ security: [{ Key: [] }] }), documentOf({})],
    [
      "a security scheme",
      documentOf({}, { securitySchemes: { Key: { type: "http", scheme: "basic" } } }),
      documentOf({}, { securitySchemes: { Key: { type: "http", scheme: "bearer" } } }),
    ],
    ["the API's version", { ...documentOf({}), info: { version: "2" } }, documentOf({})],
  ] as const) {
    test(`finds ${what}`, () => assert.ok(documentDifference(given, recorded)));
  }
});
