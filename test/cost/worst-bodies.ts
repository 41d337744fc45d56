import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import type { AnySchema } from "../../src/schema/schema.ts";

/** The worst body found for a kind of schema: as large as the bounds allow, and as wrong as it can be. */
export interface WorstBody {
  readonly schema: AnySchema;
  readonly json: (bounds: Bounds) => string;
}

/** How large a body may be. */
interface Bounds {
  readonly bytes: number;
  readonly values: number;
}

/** The default bounds of what the loop parses, and of what a thread does. */
export const loopBounds: Bounds = { bytes: 1_048_576, values: 50_000 };
export const threadBounds: Bounds = { bytes: 10_485_760, values: 1_000_000 };

/** A list of as many of an item as bytes and values allow. */
function listOf(item: string, perItem: number, { bytes, values }: Bounds): string {
  const count = Math.min(Math.floor((bytes - 2) / (item.length + 1)), Math.floor((values - 2) / perItem));
  return `[${Array.from({ length: count }, () => item).join(",")}]`;
}

const fields = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`field${n}`, z.string()]));
const others = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`other${n}`, z.string()]));
const valibotFields = Object.fromEntries(Object.keys(fields).map((name) => [name, v.string()]));
const arktypeFields = Object.fromEntries(Object.keys(fields).map((name) => [name, "string"]));
const Cat = z.object({ kind: z.literal("cat"), lives: z.int() });
const Dog = z.object({ kind: z.literal("dog"), name: z.string() });
type Tree = { readonly items: readonly Tree[] };
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ items: z.array(Tree) }));
const list =
  (item: string, perItem: number) =>
  (bounds: Bounds): string =>
    listOf(item, perItem, bounds);
const deepList = (bounds: Bounds): string =>
  `${'{"items":['.repeat(90)}${listOf("{}", 2.1, bounds).slice(1, -1)}${"]}".repeat(90)}`;
const keys =
  (value: string) =>
  ({ bytes, values }: Bounds): string => {
    const count = Math.min(Math.floor(bytes / (value.length + 12)), values - 2);
    return `{${Array.from({ length: count }, (_, n) => `"k${n}":${value}`).join(",")}}`;
  };

/** Twice as many ways to read it with each level, of which there are as many as the bound on depth allows. */
type Choice = { readonly inner?: Choice | undefined };
const Choice: z.ZodType<Choice> = z.lazy(() =>
  z.union([
    z.object({ kind: z.literal("a"), inner: Choice.optional() }),
    z.object({ kind: z.literal("b"), inner: Choice.optional() }),
  ]),
);
const deepChoice = (end: string): string => `${'{"kind":"a","inner":'.repeat(190)}${end}${"}".repeat(190)}`;

export const worstBodies: Readonly<Record<string, WorstBody>> = {
  "anything, as empty lists": { schema: z.unknown(), json: list("[]", 2) },
  "texts, given numbers": { schema: z.array(z.string()), json: list("1", 1) },
  "numbers, given texts of numbers": { schema: z.array(z.number()), json: list('"1"', 1) },
  "numbers, given long digits": { schema: z.array(z.number()), json: list(`"${"1".repeat(4_300)}"`, 1) },
  "bigints, given long digits": { schema: z.array(z.bigint()), json: list("1".repeat(4_300), 1) },
  "dates, given texts": { schema: z.array(z.date()), json: list('"2026-01-31"', 1) },
  "email addresses": { schema: z.array(z.email()), json: list('"a@b"', 1) },
  "objects of 50 fields, given none": { schema: z.array(z.object(fields)), json: list("{}", 2) },
  "strict objects, given other keys": { schema: z.strictObject({}), json: keys("1") },
  "records of numbers, given texts": { schema: z.record(z.string(), z.number()), json: keys('"1"') },
  "sets of numbers": { schema: z.set(z.number()), json: list('"1"', 1) },
  "maps of numbers": { schema: z.map(z.string(), z.number()), json: keys('"1"') },
  "unions, given what none takes": { schema: z.array(z.union([Cat, Dog])), json: list("{}", 2) },
  "unions, given what can be mended": {
    schema: z.array(z.union([z.int(), z.boolean()])),
    json: list('"1"', 1),
  },
  "tagged unions, given a wrong tag": {
    schema: z.array(z.discriminatedUnion("kind", [Cat, Dog])),
    json: list('{"kind":"x"}', 2),
  },
  "lists of lists, given texts": { schema: z.array(z.array(z.int())), json: list('["1"]', 2) },
  "trees, given a long list deep down": { schema: Tree, json: deepList },
  "unions of lists, given what none takes": {
    schema: z.union([z.array(z.object(fields)), z.array(z.object(others))]),
    json: list("{}", 2),
  },
  "unions of lists, given what the last takes": {
    schema: z.union([z.array(z.object(fields)), z.array(z.object({}))]),
    json: list("{}", 2),
  },
  "unions of records, given what none takes": {
    schema: z.union([z.record(z.string(), z.number()), z.record(z.string(), z.boolean())]),
    json: keys('"x"'),
  },
  "unions in unions, given what fits none": { schema: Choice, json: () => deepChoice('{"kind":"c"}') },
  "unions in unions, given a long list deep down": {
    schema: Choice,
    json: (bounds) => deepChoice(listOf("1", 1.1, bounds)),
  },
  "what is caught": { schema: z.array(z.object(fields)).catch([]), json: list("{}", 2) },
  "what is made before it is checked": {
    schema: z.preprocess((value) => value, z.array(z.object(fields))),
    json: list("{}", 2),
  },
  "valibot's texts, given numbers": {
    schema: toStandardJsonSchema(v.array(v.string())),
    json: list("1", 1),
  },
  "valibot's objects of 50 fields, given none": {
    schema: toStandardJsonSchema(v.array(v.object(valibotFields))),
    json: list("{}", 2),
  },
  "valibot's records of numbers, given texts": {
    schema: toStandardJsonSchema(v.record(v.string(), v.number())),
    json: keys('"1"'),
  },
  "valibot's dates, given texts": {
    schema: toStandardJsonSchema(v.array(v.date())),
    json: list('"2026-01-31"', 1),
  },
  "valibot's unions of lists, given what none takes": {
    schema: toStandardJsonSchema(
      v.union([v.array(v.object(valibotFields)), v.array(v.object({ a: v.string() }))]),
    ),
    json: list("{}", 2),
  },
  "arktype's texts, given numbers": { schema: type("string[]"), json: list("1", 1) },
  "arktype's numbers, given texts": { schema: type("number[]"), json: list('"1"', 1) },
  "arktype's dates, given texts": { schema: type("Date[]"), json: list('"2026-01-31"', 1) },
  "arktype's objects of 50 fields, given none": {
    schema: type(arktypeFields).array(),
    json: list("{}", 2),
  },
  "arktype's records of numbers, given texts": { schema: type({ "[string]": "number" }), json: keys('"1"') },
  "arktype's unions of lists, given what none takes": {
    schema: type(arktypeFields)
      .array()
      .or(type({ a: "string" }).array()),
    json: list("{}", 2),
  },
  "arktype's strict objects, given other keys": { schema: type({ "+": "reject" }), json: keys("1") },
  "no JSON": { schema: z.object({}), json: ({ bytes }) => `[${'"'.repeat(bytes - 2)}` },
};
