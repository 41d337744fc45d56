import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import {
  type ArgumentsOf,
  checkArguments,
  checkResult,
  findUnstorable,
  readArguments,
} from "../../src/jobs/payload.ts";

const location = { file: "app.ts", line: 1, column: 1 };
const here = (): typeof location => location;
const of = (schemas?: ArgumentsOf["schemas"]): ArgumentsOf => ({ task: "t", schemas, location });

test("findUnstorable() names the field and the reason of all that JSON would lose or change", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  let deep: unknown = 1;
  for (let level = 0; level < 300; level++) deep = [deep];
  for (const [value, path, why] of [
    [{ a: [1, Number.NaN] }, "x.a[1]", /NaN/],
    [{ a: Number.POSITIVE_INFINITY }, "x.a", /Infinity/],
    [[undefined], "x[0]", /undefined/],
    [{ when: new Date() }, "x.when", /toISOString/],
    [{ big: 1n }, "x.big", /bigint/],
    [{ fn: () => 1 }, "x.fn", /function/],
    [{ m: new Map() }, "x.m", /Map/],
    [{ s: new Set() }, "x.s", /Set/],
    [{ e: new Error("x") }, "x.e", /Error/],
    [new (class Point {})(), "x", /Point/],
    [new Uint8Array(2), "x", /Uint8Array/],
    [{ file: new File([], "a") }, "x.file", /save it first/],
    ["a\0b", "x", /NUL/],
    [{ "a\0": 1 }, "x key", /NUL/],
    ["\ud800", "x", /surrogate/],
    [circle, "x[0]", /itself/],
  ] as const) {
    const found = findUnstorable(value, "x");
    assert.equal(found?.path, path);
    assert.match(found.why, why);
  }
  assert.match(findUnstorable(deep, "x")?.why ?? "", /nested/);
});

test("findUnstorable() accepts values that come back unchanged", () => {
  const shared = { a: 1 };
  const value = {
    list: [1, "ü", true, null, shared, shared],
    absent: undefined,
    none: Object.create(null) as object,
  };
  assert.equal(findUnstorable(value, "x"), undefined);
});

test("checkArguments() checks arguments against the schemas, and stores them without trailing absent ones", () => {
  const schemas = [z.string(), z.int().optional()];
  assert.deepEqual(checkArguments(of(schemas), ["a", undefined], here), ["a"]);
  assert.throws(() => checkArguments(of(schemas), ["a", 1.5], here), {
    code: "OFFLOOP_JOB_ARGUMENT",
    message: /args\[1\]/,
  });
  assert.throws(() => checkArguments(of(schemas), ["a", 1, 2], here), {
    message: /expected 2 arguments, got 3/,
  });
  const nested = [z.object({ a: z.array(z.int()) })];
  assert.throws(() => checkArguments(of(nested), [{ a: [1, "x"] }], here), { message: /args\[0\]\.a\[1\]/ });
});

test("checkArguments() waits for schemas that are asynchronous", async () => {
  const schemas = [z.string().refine(async (text) => text === "good")];
  assert.deepEqual(await checkArguments(of(schemas), ["good"], here), ["good"]);
  await assert.rejects(async () => checkArguments(of(schemas), ["bad"], here), {
    code: "OFFLOOP_JOB_ARGUMENT",
  });
});

test("readArguments() returns stored arguments as the schemas output them, or says that they no longer fit", async () => {
  assert.deepEqual(await readArguments(of([z.coerce.date()]), ["2026-01-01T00:00:00.000Z"]), [
    new Date("2026-01-01"),
  ]);
  assert.deepEqual(await readArguments(of(), [1, "a"]), [1, "a"]);
  await assert.rejects(readArguments(of([z.int()]), ["old"]), {
    code: "OFFLOOP_JOB_ARGUMENT",
    message: /no longer fit/,
  });
});

test("checkResult() refuses anything but JSON, and stores nothing for undefined", () => {
  assert.equal(checkResult(of(), undefined), undefined);
  assert.throws(() => checkResult(of(), { at: new Date() }), {
    code: "OFFLOOP_JOB_RESULT",
    message: /result\.at/,
  });
});

test("checkResult() stores what was returned, whatever the function does to it afterwards", () => {
  const kept = { count: 1 };
  const stored = checkResult(of(), kept);
  kept.count = 2;
  assert.deepEqual(stored, { count: 1 });
});
