import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import type { Schema } from "./schema.ts";

/** A JSON Schema, draft 2020-12, of which only the parts that are looked at are typed. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** The JSON Schema of what a schema accepts, or undefined when its library cannot say. */
export function inputJsonSchema(schema: Schema): JsonSchema | undefined {
  const face = (schema as unknown as Partial<StandardJSONSchemaV1>)["~standard"]?.jsonSchema;
  if (face === undefined) return undefined;
  try {
    return face.input({ target: "draft-2020-12" });
  } catch {
    return undefined; // "may throw if conversion is not supported", says the standard: such a value stays as sent
  }
}
