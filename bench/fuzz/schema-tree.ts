import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";

/** A schema as plain data: it can be drawn at random, sent to another process, and built there for each library. */
export type SchemaTree =
  | { readonly kind: Leaf }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "list" | "record" | "set" | "map"; readonly of: SchemaTree }
  | { readonly kind: "tuple" | "union"; readonly of: readonly SchemaTree[] }
  | { readonly kind: "object"; readonly fields: readonly Field[]; readonly isStrict: boolean }
  | { readonly kind: "tagged"; readonly of: readonly (readonly Field[])[] }
  | { readonly kind: "tree" };

/** Schemas without parts. */
export type Leaf = (typeof leaves)[number];
export const leaves = [
  "string",
  "email",
  "day",
  "short",
  "number",
  "int",
  "positive",
  "boolean",
  "null",
  "bigint",
  "date",
  "unknown",
] as const;

export interface Field {
  readonly name: string;
  readonly of: SchemaTree;
  readonly isOptional: boolean;
}

export const libraries = ["zod", "valibot", "arktype"] as const;
export type Library = (typeof libraries)[number];

// biome-ignore-start lint/suspicious/noExplicitAny: what is drawn at random has no type that is known here
/** Builds a schema of a library. */
export function buildSchema(library: Library, tree: SchemaTree): any {
  if (library === "zod") return zodOf(tree);
  return library === "valibot" ? toStandardJsonSchema(valibotOf(tree)) : arktypeOf(tree);
}

type Tree = { readonly items: readonly Tree[] };
const zodTree: z.ZodType<Tree> = z.lazy(() => z.object({ items: z.array(zodTree) }));
const valibotTree: v.GenericSchema<Tree> = v.object({ items: v.array(v.lazy(() => valibotTree)) });
const arktypeTree: any = type.module({ tree: { items: "tree[]" } }).tree;

const zodLeaves: Readonly<Record<Leaf, z.ZodType>> = {
  string: z.string(),
  email: z.email(),
  day: z.iso.date(),
  short: z.string().max(3),
  number: z.number(),
  int: z.int(),
  positive: z.number().gt(0),
  boolean: z.boolean(),
  null: z.null(),
  bigint: z.bigint(),
  date: z.date(),
  unknown: z.unknown(),
};

function zodOf(tree: SchemaTree): z.ZodType {
  switch (tree.kind) {
    case "enum":
      return z.enum(tree.values as [string]);
    case "list":
      return z.array(zodOf(tree.of));
    case "record":
      return z.record(z.string(), zodOf(tree.of));
    case "set":
      return z.set(zodOf(tree.of));
    case "map":
      return z.map(z.string(), zodOf(tree.of));
    case "tuple":
      return z.tuple(tree.of.map(zodOf) as [z.ZodType]);
    case "union":
      return z.union(tree.of.map(zodOf));
    case "object": {
      const fields = named(tree.fields, zodOf, (schema) => schema.optional());
      return tree.isStrict ? z.strictObject(fields) : z.object(fields);
    }
    case "tagged":
      return z.discriminatedUnion(
        "kind",
        tree.of.map((fields, n) =>
          z.object({
            ...named(fields, zodOf, (schema) => schema.optional()),
            kind: z.literal(`k${n}`),
          }),
        ) as [any],
      );
    case "tree":
      return zodTree;
    default:
      return zodLeaves[tree.kind];
  }
}

const valibotLeaves: Readonly<Record<Leaf, v.GenericSchema>> = {
  string: v.string(),
  email: v.pipe(v.string(), v.email()),
  day: v.pipe(v.string(), v.isoDate()),
  short: v.pipe(v.string(), v.maxLength(3)),
  number: v.number(),
  int: v.pipe(v.number(), v.integer()),
  positive: v.pipe(v.number(), v.gtValue(0)),
  boolean: v.boolean(),
  null: v.null(),
  bigint: v.bigint(),
  date: v.date(),
  unknown: v.unknown(),
};

function valibotOf(tree: SchemaTree): v.GenericSchema<any, any> {
  switch (tree.kind) {
    case "enum":
      return v.picklist(tree.values);
    case "list":
      return v.array(valibotOf(tree.of));
    case "record":
      return v.record(v.string(), valibotOf(tree.of));
    case "set":
      return v.set(valibotOf(tree.of));
    case "map":
      return v.map(v.string(), valibotOf(tree.of));
    case "tuple":
      return v.tuple(tree.of.map(valibotOf));
    case "union":
      return v.union(tree.of.map(valibotOf));
    case "object": {
      const fields = named(tree.fields, valibotOf, (schema): any => v.optional(schema));
      return tree.isStrict ? v.strictObject(fields) : v.object(fields);
    }
    case "tagged":
      return v.variant(
        "kind",
        tree.of.map((fields, n) =>
          v.object({
            ...named(fields, valibotOf, (schema): any => v.optional(schema)),
            kind: v.literal(`k${n}`),
          }),
        ),
      );
    case "tree":
      return valibotTree;
    default:
      return valibotLeaves[tree.kind];
  }
}

const arktypeLeaves: Readonly<Record<Leaf, string>> = {
  string: "string",
  email: "string.email",
  day: "string.date.iso",
  short: "string <= 3",
  number: "number",
  int: "number.integer",
  positive: "number > 0",
  boolean: "boolean",
  null: "null",
  bigint: "bigint",
  date: "Date",
  unknown: "unknown",
};

/** arktype has no typed sets and maps: lists and records take their place. */
function arktypeOf(tree: SchemaTree): any {
  switch (tree.kind) {
    case "enum":
      return type.enumerated(...tree.values);
    case "list":
    case "set":
      return arktypeOf(tree.of).array();
    case "record":
    case "map":
      return type({ "[string]": arktypeOf(tree.of) } as any);
    case "tuple":
      return type(tree.of.map(arktypeOf) as any);
    case "union":
      return tree.of.map(arktypeOf).reduce((left, right) => left.or(right));
    case "object":
      return arktypeObject(tree.fields, tree.isStrict);
    case "tagged":
      return tree.of
        .map((fields, n) => arktypeObject(fields, false).merge({ kind: `'k${n}'` } as any))
        .reduce((left, right) => left.or(right));
    case "tree":
      return arktypeTree;
    default:
      return type(arktypeLeaves[tree.kind] as any);
  }
}

function arktypeObject(fields: readonly Field[], isStrict: boolean): any {
  const declared = fields.map(({ name, of, isOptional }) => [isOptional ? `${name}?` : name, arktypeOf(of)]);
  return type({ ...Object.fromEntries(declared), ...(isStrict ? { "+": "reject" } : {}) } as any);
}
// biome-ignore-end lint/suspicious/noExplicitAny: see above

function named<Schema>(
  fields: readonly Field[],
  build: (tree: SchemaTree) => Schema,
  optional: (schema: Schema) => Schema,
): Record<string, Schema> {
  return Object.fromEntries(
    fields.map(({ name, of, isOptional }) => [name, isOptional ? optional(build(of)) : build(of)]),
  );
}
