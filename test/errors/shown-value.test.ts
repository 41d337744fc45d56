import assert from "node:assert/strict";
import { test } from "node:test";
import { App } from "offloop";
import { shownValue } from "../../src/errors/shown-value.ts";

test("shownValue() shows a value as JSON, and by its own name what JSON has no word for", () => {
  const itself: { self?: unknown } = {};
  itself.self = itself;
  function named(): void {}
  for (const [value, text] of [
    ["api", '"api"'],
    [null, "null"],
    [undefined, "undefined"],
    [Number.NaN, "NaN"],
    [-0.5, "-0.5"],
    [201n, "201n"],
    [Symbol("s"), "Symbol(s)"],
    [named, "the function named"],
    [() => {}, "a function"],
    [[1, Number.POSITIVE_INFINITY, 2n], '[1,"Infinity","2"]'],
    [{ a: "b" }, '{"a":"b"}'],
    [Object.create(null), "{}"],
    [new App(), "an instance of App"],
    [new Date(0), "an instance of Date"],
    [itself, "an object that cannot be shown"],
    ["x".repeat(1_000), `"${"x".repeat(199)}…`],
  ] as const)
    assert.equal(shownValue(value), text);
});
