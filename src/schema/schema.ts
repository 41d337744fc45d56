import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Any Standard Schema: zod, valibot, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** One schema for each name. */
// biome-ignore lint/suspicious/noExplicitAny: input and output are inferred from the value, not from here
export type Schemas = Readonly<Record<string, Schema<any, any>>>;

/** What a schema gives once a value has passed it. */
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** What a record of schemas gives. */
export type OutputsOf<S extends Schemas> = { readonly [Name in keyof S]: OutputOf<S[Name]> };

/** Whether a value carries the Standard Schema face. arktype's schemas are functions. */
export function isSchema(value: unknown): value is Schema {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const standard = (value as { "~standard"?: { validate?: unknown } })["~standard"];
  return typeof standard?.validate === "function";
}
