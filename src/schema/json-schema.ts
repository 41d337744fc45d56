import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import { libraryOptions } from "./library-options.ts";
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
  readonly writeOnly?: boolean;
  /** What OpenAPI adds to a union: the property that tells its alternatives apart. */
  readonly discriminator?: { readonly propertyName: string };
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Which side of a schema is meant: what it accepts, or what it gives. */
export type Form = "input" | "output";

/** The JSON Schema of one form of a schema, or undefined when its library cannot say. */
export function jsonSchemaOf(schema: AnySchema, form: Form): JsonSchema | undefined {
  const standard = (schema as unknown as Partial<StandardJSONSchemaV1>)["~standard"];
  const convert = standard?.jsonSchema?.[form];
  if (standard === undefined || convert === undefined) return undefined;
  const options = libraryOptions[standard.vendor];
  try {
    const target = "draft-2020-12";
    return convert(options === undefined ? { target } : { target, libraryOptions: options });
  } catch {
    return undefined; // "may throw if conversion is not supported", says the standard
  }
}

const inputForms = new WeakMap<object, JsonSchema | null>();

/** The JSON Schema of what a schema accepts, or undefined when its library cannot say: such a value stays as sent. */
export function inputJsonSchema(schema: AnySchema): JsonSchema | undefined {
  // What `param` says more about a schema shares its standard face.
  const face = schema["~standard"];
  let known = inputForms.get(face);
  if (known === undefined) {
    known = jsonSchemaOf(schema, "input") ?? null;
    inputForms.set(face, known);
  }
  return known ?? undefined;
}
