import { type Form, jsonSchemaOf } from "../schema/json-schema.ts";
import type { Schema } from "../schema/schema.ts";
import { isObject, type JsonSchema, mapSchemas } from "./json-schema.ts";

/**
 * The JSON Schema of one form of a schema, tidied for readers; `{}`, meaning anything, when its
 * library cannot provide it.
 */
export function toJsonSchema(schema: Schema, form: Form): JsonSchema {
  const { $schema: _, ...json } = (jsonSchemaOf(schema, form) ?? {}) as JsonSchema;
  return mapSchemas(json, tidy);
}

/** Formats whose pattern says the same again, in many more characters. */
const selfExplaining = new Set([
  "date-time",
  "date",
  "time",
  "duration",
  "email",
  "uuid",
  "ipv4",
  "ipv6",
  "uri",
]);

const numericLimits = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];

/**
 * Removes what tells a reader nothing: a limit for which JSON has no number, the range of safe integers, the pattern of
 * a format or an encoding, a default of null.
 */
function tidy(schema: JsonSchema): JsonSchema {
  const tidied = { ...schema };
  for (const limit of numericLimits)
    if (limit in tidied && !Number.isFinite(tidied[limit])) delete tidied[limit];
  if (tidied.minimum === Number.MIN_SAFE_INTEGER) delete tidied.minimum;
  if (tidied.maximum === Number.MAX_SAFE_INTEGER) delete tidied.maximum;
  if (typeof tidied.format === "string" && selfExplaining.has(tidied.format)) delete tidied.pattern;
  if (tidied.format !== undefined && tidied.format === tidied.contentEncoding) {
    delete tidied.format;
    delete tidied.pattern;
  }
  if (tidied.default === null) delete tidied.default;
  const required = requiredNames(schema);
  if (required.length === 0) delete tidied.required;
  else tidied.required = required;
  if (saysString(tidied.propertyNames)) delete tidied.propertyNames;
  return splitNull(tidyUnion(tidied));
}

/** A single remaining alternative needs no union around it. */
function tidyUnion(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const left = anyOf.flatMap(alternatives).filter((one) => JSON.stringify(one) !== '{"not":{}}');
  return left.length === 1 && anyOf.length > 1 ? { ...left[0], ...rest } : { ...rest, anyOf: left };
}

const annotations = new Set([
  "$defs",
  "title",
  "description",
  "default",
  "deprecated",
  "examples",
  "readOnly",
  "writeOnly",
  "hidden",
]);

/** Names are strings anyway. */
function saysString(schema: unknown): boolean {
  return isObject(schema) && schema.type === "string" && Object.keys(schema).length === 1;
}

/** A union within a union is equivalent to its alternatives. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  const { anyOf, ...rest } = schema;
  return Array.isArray(anyOf) && Object.keys(rest).length === 0 ? anyOf.flatMap(alternatives) : [schema];
}

/** `type: ["string", "null"]` as two alternatives, the first with the limits of the string, as pydantic writes it. */
function splitNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values, ...rest } = schema;
  if (!Array.isArray(type) || type.length !== 2 || !type.includes("null") || values !== undefined)
    return schema;
  const outside = Object.entries(rest).filter(([key]) => annotations.has(key));
  const inside = Object.entries(rest).filter(([key]) => !annotations.has(key));
  const one = { type: type.find((name) => name !== "null"), ...Object.fromEntries(inside) };
  return { anyOf: [one, { type: "null" }], ...Object.fromEntries(outside) };
}

/**
 * A field with a default is not required, in the output form either, as in pydantic: this way the same model has one
 * name in the document.
 */
function requiredNames({ properties, required }: JsonSchema): unknown[] {
  if (!Array.isArray(required)) return [];
  const fields = isObject(properties) ? properties : {};
  return required.filter((name) => !hasDefault(fields[name]));
}

function hasDefault(field: unknown): boolean {
  return isObject(field) && "default" in field;
}
