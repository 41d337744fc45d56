import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type as ark } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { toJsonSchema } from "../../src/openapi/tidy-schema.ts";

const int64 = { type: "integer", format: "int64" };
const bytes = { type: "string", contentMediaType: "application/octet-stream" };
const odd = [v.date(), v.bigint(), v.file()] as const;
const oddJson = {
  type: "array",
  prefixItems: [{ type: "string", format: "date-time" }, int64, bytes],
  minItems: 3,
};
const recordOfIntegers = { type: "object", additionalProperties: { type: "integer" } };
const oneOfThree = [{ type: "string" }, { type: "integer" }, { type: "null" }];
const nullableString = { anyOf: [{ type: "string" }, { type: "null" }] };

describe("toJsonSchema()", () => {
  for (const [what, schema, expected] of [
    ["an integer without the safe integers' range", z.int().min(1), { type: "integer", minimum: 1 }],
    ["a format without its pattern", z.uuid(), { type: "string", format: "uuid" }],
    ["bytes in base64 by their encoding", z.base64(), { type: "string", contentEncoding: "base64" }],
    ["a pattern that stands alone", z.string().regex(/^a$/), { type: "string", pattern: "^a$" }],
    ["a date as it travels", z.date(), { type: "string", format: "date-time" }],
    ["a time as a format", z.iso.time(), { type: "string", format: "time" }],
    ["a record by its values", z.record(z.string(), z.int()), recordOfIntegers],
    ["a union in a union as one", z.union([z.string(), z.int()]).nullable(), { anyOf: oneOfThree }],
    ["a file as bytes", z.file(), { type: "string", contentMediaType: "application/octet-stream" }],
    ["a file of several media types as bytes", z.file().mime(["image/png", "image/gif"]), bytes],
    ["a bigint as a number of many digits", z.bigint(), int64],
    ["valibot's dates, bigints and files as they travel", toStandardJsonSchema(v.tuple(odd)), oddJson],
    ["arktype's bigints as they travel", ark("bigint"), int64],
    ["arktype's files as bytes", ark("File"), bytes],
    ["an alternative that is undefined not at all", ark("string | undefined"), { type: "string" }],
    ["a default, unless it is null", z.string().nullable().default(null), nullableString],
    ["what JSON has no word for as anything", z.custom(), {}],
    ["arktype's dates as they travel", ark("Date"), { type: "string", format: "date-time" }],
    ["a schema of a library that cannot say as anything", { "~standard": {} }, {}],
  ] as const) {
    test(`shows ${what}`, () => assert.deepEqual(toJsonSchema(schema as z.ZodType, "input"), expected));
  }

  test("shows an object that refuses unknown keys as such, in both forms", () => {
    for (const form of ["input", "output"] as const) {
      assert.equal(toJsonSchema(z.strictObject({}), form).additionalProperties, false);
      assert.equal(toJsonSchema(z.object({}), form).additionalProperties, undefined);
    }
  });
});
