import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Any Standard Schema: zod, valibot, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

// biome-ignore-start lint/suspicious/noExplicitAny: input and output are inferred from the value, not from here
/** A schema of anything. */
export type AnySchema = Schema<any, any>;

/** One schema for each name. */
export type Schemas = Readonly<Record<string, AnySchema>>;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** What a schema gives once a value has passed it. */
export type OutputOf<S extends AnySchema> = StandardSchemaV1.InferOutput<S>;

/** What a schema takes. */
export type InputOf<S extends AnySchema> = StandardSchemaV1.InferInput<S>;

/** What a record of schemas gives. */
export type OutputsOf<S extends Schemas> = { readonly [Name in keyof S]: OutputOf<S[Name]> };

/** What a record of schemas gives, or one schema for all of it. */
export type ValuesOf<S> = S extends AnySchema ? OutputOf<S> : S extends Schemas ? OutputsOf<S> : never;

/** Whether a value carries the Standard Schema face. arktype's schemas are functions. */
export function isSchema(value: unknown): value is AnySchema {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const standard = (value as { "~standard"?: { validate?: unknown } })["~standard"];
  return typeof standard?.validate === "function";
}
