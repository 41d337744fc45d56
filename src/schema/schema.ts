import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Any Standard Schema: zod, valibot, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

// biome-ignore-start lint/suspicious/noExplicitAny: input and output are inferred from the value, not from here
/** A schema of anything. */
export type AnySchema = Schema<any, any>;

/** One schema for each name. */
export type Schemas = Readonly<Record<string, AnySchema>>;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** The type that a schema outputs. */
export type OutputOf<S extends AnySchema> = StandardSchemaV1.InferOutput<S>;

/** The type that a schema accepts. */
export type InputOf<S extends AnySchema> = StandardSchemaV1.InferInput<S>;

/**
 * The output types of a record of schemas, or of one schema for all of it. Those of a record are written out, without an
 * alias: so the declarations of a package that exports them name only their own types.
 */
export type ValuesOf<S> = S extends AnySchema
  ? OutputOf<S>
  : S extends Schemas
    ? { readonly [Name in keyof S]: OutputOf<S[Name]> }
    : never;

/** Whether a value implements Standard Schema. arktype's schemas are functions. */
export function isSchema(value: unknown): value is AnySchema {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const standard = (value as { "~standard"?: { validate?: unknown } })["~standard"];
  return typeof standard?.validate === "function";
}

/** Tries whether a schema refuses a value. One that answers later, or throws, counts as one that does. */
export function refuses(schema: AnySchema, value: unknown): boolean {
  try {
    const result = schema["~standard"].validate(value);
    if (!(result instanceof Promise)) return result.issues !== undefined;
    result.catch(() => undefined);
    return true;
  } catch {
    return true;
  }
}
