import assert from "node:assert/strict";
import { test } from "node:test";
import { type } from "arktype";
import { z } from "zod";
import { compileCoercion, takesMany } from "../../src/schema/coerce.ts";

const coerced = (schema: Parameters<typeof compileCoercion>[0], values: unknown[]): unknown[] =>
  values.map(compileCoercion(schema));

test("compileCoercion(): integers, as pydantic reads them", () => {
  assert.deepEqual(
    coerced(z.int(), ["1", "-1", "+1", " 1 ", "1.0", "1.5", "0x10", "1e3", "", "one", undefined]),
    [1, -1, 1, 1, 1, "1.5", "0x10", "1e3", "", "one", undefined],
  );
});

test("compileCoercion(): numbers", () => {
  assert.deepEqual(coerced(z.number(), ["1.5", ".5", "1e3", "-1.", "Infinity", "NaN", " ", "1,5"]), [
    1.5,
    0.5,
    1000,
    -1,
    "Infinity",
    "NaN",
    " ",
    "1,5",
  ]);
});

test("compileCoercion(): booleans, in pydantic's spellings", () => {
  const yes = ["true", "1", "on", "yes", "t", "y", "TRUE", "On"];
  const no = ["false", "0", "off", "no", "f", "n", "False", "nO"];
  assert.deepEqual(
    coerced(z.boolean(), yes),
    yes.map(() => true),
  );
  assert.deepEqual(
    coerced(z.boolean(), no),
    no.map(() => false),
  );
  const neither = ["", "2", "yess", "null", " on", "no\n", undefined, 1];
  assert.deepEqual(coerced(z.boolean(), neither), neither);
});

test("compileCoercion(): a number of more than 4,300 digits stays text, one of as many is read", () => {
  const most = "1".repeat(4_300);
  assert.deepEqual(coerced(z.bigint(), [most, `${most}1`]), [BigInt(most), `${most}1`]);
  assert.deepEqual(coerced(z.bigint(), ["+7", "-7", " 7.0 "]), [7n, -7n, 7n]);
});

test("compileCoercion(): a union that takes strings keeps the string, another takes the first that fits", () => {
  assert.deepEqual(coerced(z.union([z.int(), z.string()]), ["1"]), ["1"]);
  assert.deepEqual(coerced(z.union([z.int(), z.boolean()]), ["1", "yes", "x"]), [1, true, "x"]);
  assert.deepEqual(coerced(z.int().nullable(), ["1"]), [1]);
});

test("compileCoercion(): enums and literals of numbers", () => {
  assert.deepEqual(coerced(z.literal([1, 2]), ["1", "3", "a"]), [1, 3, "a"]);
  assert.deepEqual(coerced(z.literal("1"), ["1"]), ["1"]);
  assert.deepEqual(coerced(z.literal(true), ["true"]), [true]);
});

test("compileCoercion(): lists coerce their items, one value is a list of one", () => {
  assert.deepEqual(coerced(z.array(z.int()), [["1", "x"], "2", undefined]), [[1, "x"], [2], undefined]);
  assert.equal(takesMany(z.array(z.string()).default([])), true);
  assert.equal(takesMany(z.string()), false);
});

test("compileCoercion(): a bigint is read, a named schema is resolved", () => {
  assert.deepEqual(coerced(z.bigint(), ["1", "x"]), [1n, "x"]);
  assert.deepEqual(coerced(z.string().meta({ id: "Named" }), ["1"]), ["1"]);
});

test("compileCoercion(): reads the JSON Schema face of other libraries", () => {
  assert.deepEqual(coerced(type("number.integer"), ["7"]), [7]);
  assert.deepEqual(coerced(type("boolean"), ["true"]), [true]);
});
