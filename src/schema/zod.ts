import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnySchema } from "./schema.ts";

/** zod's own description of what a schema is made of, typed only as far as it is used. */
export interface ZodDefinition {
  readonly type: string;
  readonly format?: string;
  /** Of a list. */
  readonly element?: ZodSchema;
  /** Of a schema that wraps another: optional, nullable, with a default, and the like. */
  readonly innerType?: ZodSchema;
  /** Of a schema with a default. */
  readonly defaultValue?: unknown;
  /** Of a record, a map or a set. */
  readonly valueType?: ZodSchema;
  /** The fields of an object. */
  readonly shape?: Readonly<Record<string, ZodSchema>>;
  /** Of an object: what becomes of keys that it does not name. */
  readonly catchall?: unknown;
  /** Of a tuple. */
  readonly items?: readonly ZodSchema[];
  readonly rest?: ZodSchema | null;
  /** Of a union. */
  readonly options?: readonly ZodSchema[];
  /** Of a union: the property that distinguishes its alternatives. */
  readonly discriminator?: string;
  /** Of a pipe, such as a transformation: what it takes. */
  readonly in?: ZodSchema;
  /** Of a pipe: what takes the result. */
  readonly out?: ZodSchema;
  /** Of an intersection. */
  readonly left?: ZodSchema;
  readonly right?: ZodSchema;
  /** Of a schema that is made on demand. */
  readonly getter?: () => ZodSchema;
}

/** What a schema makes of a value. */
interface ZodResult {
  readonly value: unknown;
  readonly issues: StandardSchemaV1.Issue[];
}

interface ZodInternals {
  readonly def: ZodDefinition;
  /** The values that each property may have, where they are listed. */
  readonly propValues?: Readonly<Record<string, ReadonlySet<unknown>>>;
  /** Set where an absent value is accepted. */
  readonly optin?: string;
  /** Checks a value; `reportInput` adds to each issue the value that was refused. */
  run(
    payload: ZodResult,
    context: { readonly async: boolean; readonly reportInput: boolean },
  ): ZodResult | Promise<ZodResult>;
}

/** A schema of zod's. */
export type ZodSchema = AnySchema & { readonly _zod: ZodInternals };

/** What zod knows of a schema; undefined for the schemas of other libraries. */
export function zodInternals(schema: object): ZodInternals | undefined {
  return (schema as Partial<ZodSchema>)._zod;
}
