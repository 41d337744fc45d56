import assert from "node:assert/strict";
import { test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { z } from "zod";
import { inputJsonSchema } from "../../src/schema/json-schema.ts";

test("inputJsonSchema(): a set is a list without repetitions, a map an object", () => {
  const { properties } = inputJsonSchema(
    z.object({ tags: z.set(z.string()), sizes: z.map(z.string(), z.boolean()), days: z.set(z.date()) }),
  ) as { properties: unknown };
  assert.deepEqual(properties, {
    tags: { type: "array", uniqueItems: true, items: { type: "string" } },
    sizes: { type: "object", additionalProperties: { type: "boolean" } },
    days: { type: "array", uniqueItems: true, items: { type: "string", format: "date-time" } },
  });
});

test("inputJsonSchema(): the parts of a set are written out, models with a name too", () => {
  const Picture = z.object({ url: z.string() }).meta({ id: "PartPicture" });
  const Item = z.object({ picture: Picture }).meta({ id: "PartItem" });
  const { items, $defs } = inputJsonSchema(z.set(Item)) as { items: unknown; $defs?: unknown };
  const picture = { type: "object", properties: { url: { type: "string" } }, required: ["url"] };
  assert.deepEqual(items, { type: "object", properties: { picture }, required: ["picture"] });
  assert.equal($defs, undefined);
});

test("inputJsonSchema(): a default and an example are what would be sent, from any library", () => {
  const day = new Date("2026-01-31");
  const zod = z.object({
    set: z
      .set(z.int())
      .default(new Set([1]))
      .optional(),
    before: z.set(z.int()).prefault(new Set([2])),
    bigint: z.bigint().default(-1n),
    inside: z.object({ cents: z.bigint() }).default({ cents: 5n }).optional(),
    caught: z.bigint().catch(3n),
    map: z.map(z.string(), z.bigint().meta({ examples: [4n, 5n] })).default(new Map([["a", 1n]])),
    day: z.date().default(day),
    whole: z.object({ tags: z.set(z.string()) }).default({ tags: new Set(["a"]) }),
  });
  const valibot = v.object({
    set: v.optional(v.set(v.number()), new Set([1])),
    bigint: v.optional(v.bigint(), 3n),
    day: v.optional(v.date(), day),
  });
  assert.deepEqual(defaultsOf(inputJsonSchema(zod)), {
    set: [1],
    before: [2],
    bigint: -1,
    inside: { cents: 5 },
    caught: 3,
    map: { a: 1 },
    day: "2026-01-31T00:00:00.000Z",
    whole: { tags: ["a"] },
  });
  assert.deepEqual(defaultsOf(inputJsonSchema(toStandardJsonSchema(valibot))), {
    set: [1],
    bigint: 3,
    day: "2026-01-31T00:00:00.000Z",
  });
});

test("inputJsonSchema(): a default that JSON cannot express is left out", () => {
  const schema = z.object({
    most: z.number().default(Number.POSITIVE_INFINITY),
    never: z.date().default(new Date(Number.NaN)),
    huge: z.bigint().catch(2n ** 64n),
    longest: z.bigint().default(2n ** 64n),
  });
  assert.deepEqual(defaultsOf(inputJsonSchema(schema)), {
    most: undefined,
    never: undefined,
    huge: undefined,
    longest: undefined,
  });
});

function defaultsOf(json: ReturnType<typeof inputJsonSchema>): Record<string, unknown> {
  const fields = Object.entries(json?.properties ?? {});
  return Object.fromEntries(fields.map(([name, field]) => [name, field.default]));
}
