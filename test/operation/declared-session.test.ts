import assert from "node:assert/strict";
import { test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import { HTTPError } from "offloop";
import * as v from "valibot";
import { z } from "zod";
import { acceptedSession } from "../../src/operation/declared-session.ts";

const entries = { user: v.string(), count: v.optional(v.number(), 0) };
const fields = { user: z.string(), count: z.number().default(0) };
const ark = { user: "string", count: "number = 0" } as const;
const schemas = {
  "z.object": z.object(fields),
  "z.strictObject": z.strictObject(fields),
  "z.looseObject": z.looseObject(fields),
  "v.object": v.object(entries),
  "v.strictObject": toStandardJsonSchema(v.strictObject(entries)),
  "v.looseObject": v.looseObject(entries),
  type: type(ark),
  "type that rejects others": type({ ...ark, "+": "reject" }),
};

const refused = (error: unknown): boolean => error instanceof HTTPError && error.status === 401;

for (const [name, schema] of Object.entries(schemas)) {
  test(`acceptedSession() keeps keys that the schema does not name [${name}]`, () => {
    assert.deepEqual(acceptedSession(schema, { user: "ada", cart: [1] }), {
      user: "ada",
      count: 0,
      cart: [1],
    });
  });

  test(`acceptedSession() drops only the value that does not fit [${name}]`, () => {
    const kept = { user: "ada", count: "many", cart: [1], seen: true };
    assert.deepEqual(acceptedSession(schema, kept), { user: "ada", count: 0, cart: [1], seen: true });
  });

  test(`acceptedSession() refuses a session that lacks a required value, whatever else is in it [${name}]`, () => {
    for (const data of [{}, { cart: [1] }, { user: 7, cart: [1] }])
      assert.throws(() => acceptedSession(schema, data), refused);
  });
}

test("acceptedSession() drops the values that do not fit together, and no others", () => {
  const schema = z
    .object({ from: z.number().optional(), to: z.number().optional() })
    .refine(({ from = 0, to = 0 }) => from <= to);
  assert.deepEqual(acceptedSession(schema, { from: 2, to: 1, cart: [1] }), { cart: [1] });
});

test("acceptedSession() takes a schema for any key to describe the whole session", () => {
  const schema = z.object({ user: z.string() }).catchall(z.number());
  assert.deepEqual(acceptedSession(schema, { user: "ada", visits: 1, cart: "many" }), {
    user: "ada",
    visits: 1,
  });
});
