import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import type { AnySchema } from "./schema.ts";

/** A JSON Schema, draft 2020-12, of which only the parts that are looked at are typed. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** The JSON Schema of what a schema accepts, or undefined when its library cannot say. */
export function inputJsonSchema(schema: AnySchema): JsonSchema | undefined {
  const standard = (schema as unknown as Partial<StandardJSONSchemaV1>)["~standard"];
  if (standard?.jsonSchema === undefined) return undefined;
  const libraryOptions = standard.vendor === "zod" ? zodOptions : undefined;
  try {
    return standard.jsonSchema.input({ target: "draft-2020-12", ...(libraryOptions && { libraryOptions }) });
  } catch {
    return undefined; // "may throw if conversion is not supported", says the standard: such a value stays as sent
  }
}

/** What zod has no JSON Schema for, as it travels in JSON. */
const wireForms: Readonly<Record<string, JsonSchema>> = {
  date: { type: "string", format: "date-time" },
  bigint: { type: "integer", format: "int64" },
};

interface ZodNode {
  readonly zodSchema: { readonly _zod: { readonly def: { readonly type: string } } };
  readonly jsonSchema: object;
}

const zodOptions: Record<string, unknown> = {
  unrepresentable: "any",
  override: ({ zodSchema, jsonSchema }: ZodNode) => {
    Object.assign(jsonSchema, wireForms[zodSchema._zod.def.type]);
  },
};
