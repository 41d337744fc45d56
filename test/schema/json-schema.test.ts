import assert from "node:assert/strict";
import { test } from "node:test";
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
