import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import type { Schema } from "../schema/schema.ts";
import { type Form, isObject, type JsonSchema, mapSchemas } from "./json-schema.ts";

/** The JSON Schema of one form of a schema; `{}`, anything, when its library cannot say. */
export function toJsonSchema(schema: Schema, form: Form): JsonSchema {
  const standard = (schema as unknown as StandardJSONSchemaV1)["~standard"] as
    | (StandardJSONSchemaV1.Props & { readonly vendor: string })
    | undefined;
  const convert = standard?.jsonSchema?.[form];
  if (standard === undefined || convert === undefined) return {};
  const libraryOptions = optionsOf[standard.vendor];
  try {
    const options = libraryOptions === undefined ? {} : { libraryOptions };
    const { $schema: _, ...json } = convert({ target: "draft-2020-12", ...options });
    return mapSchemas(json, tidy);
  } catch {
    return {}; // "may throw if conversion is not supported", says the standard
  }
}

const dateTime = { type: "string", format: "date-time" };

/** The media type of a file's bytes. */
export const BINARY = "application/octet-stream";
const binary = { type: "string", contentMediaType: BINARY };

/** What each library is told about types that JSON has not: say how they travel, and never throw. */
const optionsOf: Readonly<Record<string, Record<string, unknown>>> = {
  zod: { unrepresentable: "any", override: describeZodType },
  arktype: {
    fallback: {
      default: ({ base }: { base: object }) => base,
      date: ({ base }: { base: object }) => ({ ...base, ...dateTime }),
    },
  },
};

interface ZodNode {
  readonly zodSchema: {
    readonly _zod: {
      readonly def: { readonly type: string; readonly format?: string; readonly catchall?: unknown };
    };
  };
  readonly jsonSchema: Record<string, unknown>;
}

function describeZodType({ zodSchema, jsonSchema }: ZodNode): void {
  const { type, format, catchall } = zodSchema._zod.def;
  if (type === "string" && format === "time") jsonSchema.format = format; // zod gives its pattern alone
  if (type === "date") Object.assign(jsonSchema, dateTime);
  if (type === "bigint") jsonSchema.type = "integer";
  if (type === "file") {
    delete jsonSchema.format;
    delete jsonSchema.contentEncoding;
    Object.assign(jsonSchema, binary);
  }
  // A plain object drops unknown keys; it does not refuse them, and its output is no other model for it.
  if (type === "object" && catchall === undefined) delete jsonSchema.additionalProperties;
}

/** Formats whose pattern says the same once more, in many more characters. */
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

/** Leaves out what says nothing to a reader: the safe integers' range, a format's pattern, a default of null. */
function tidy(schema: JsonSchema): JsonSchema {
  const tidied = { ...schema };
  if (tidied.minimum === Number.MIN_SAFE_INTEGER) delete tidied.minimum;
  if (tidied.maximum === Number.MAX_SAFE_INTEGER) delete tidied.maximum;
  if (typeof tidied.format === "string" && selfExplaining.has(tidied.format)) delete tidied.pattern;
  if (tidied.default === null) delete tidied.default;
  const required = requiredNames(schema);
  if (required.length === 0) delete tidied.required;
  else tidied.required = required;
  if (saysString(tidied.propertyNames)) delete tidied.propertyNames;
  if (Array.isArray(tidied.anyOf)) tidied.anyOf = tidied.anyOf.flatMap(alternatives);
  return splitNull(tidied);
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

/** A union within a union is no more than its own alternatives. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  const { anyOf, ...rest } = schema;
  return Array.isArray(anyOf) && Object.keys(rest).length === 0 ? anyOf.flatMap(alternatives) : [schema];
}

/** `type: ["string", "null"]` as two alternatives, what limits the string beside it, as pydantic writes it. */
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
 * A field with a default is required of nobody, in the output form too, as in pydantic: the same model then has one
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
