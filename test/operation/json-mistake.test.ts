import assert from "node:assert/strict";
import { test } from "node:test";
import { findJsonMistake } from "../../src/operation/json-mistake.ts";

/** As `json.loads` of Python 3.13 says it. */
const mistakes: readonly (readonly [text: string, position: number, error: string])[] = [
  ["", 0, "Expecting value"],
  [" \n", 2, "Expecting value"],
  ["}", 0, "Expecting value"],
  ["tru", 0, "Expecting value"],
  ["-", 0, "Expecting value"],
  [".5", 0, "Expecting value"],
  ["01", 1, "Extra data"],
  ["1.", 1, "Extra data"],
  ["1e5x", 3, "Extra data"],
  ["{} []", 3, "Extra data"],
  ["[", 1, "Expecting value"],
  ["[1 2]", 3, "Expecting ',' delimiter"],
  ["[1,2", 4, "Expecting ',' delimiter"],
  ["[1,,2]", 3, "Expecting value"],
  ["[1, ]", 2, "Illegal trailing comma before end of array"],
  ["[1}", 2, "Expecting ',' delimiter"],
  ["{", 1, "Expecting property name enclosed in double quotes"],
  ["{'a': 1}", 1, "Expecting property name enclosed in double quotes"],
  ['{"a" 1}', 5, "Expecting ':' delimiter"],
  ['{"a": }', 6, "Expecting value"],
  ['{"a": 1 "b": 2}', 8, "Expecting ',' delimiter"],
  ['{"a": [{"b": 1}, }', 17, "Expecting value"],
  ['{"a": 1,}', 7, "Illegal trailing comma before end of object"],
  ['{"a": 1,', 8, "Expecting property name enclosed in double quotes"],
  ['["abc', 1, "Unterminated string starting at"],
  ['["a\\', 1, "Unterminated string starting at"],
  ['["a\tb"]', 3, "Invalid control character at"],
  ['["\\x"]', 2, "Invalid \\escape"],
  ['["\\u12x4"]', 3, "Invalid \\uXXXX escape"],
  ['["\\u1234', 3, "Invalid \\uXXXX escape"],
  ['{"🫖": tea}', 6, "Expecting value"],
  ['\ufeff{"a"}', 4, "Expecting ':' delimiter"],
];

test("findJsonMistake(): where and what, in Python's positions and words", () => {
  for (const [text, position, error] of mistakes)
    assert.deepEqual(findJsonMistake(text), { position, error }, JSON.stringify(text));
});

test("findJsonMistake(): there is one exactly where JSON.parse() refuses a text", () => {
  const whole = '{"a": [1, -2.5e3, {"b": "\\u00e9\\n"}], "c": null, "d": [true, false, {}, []]}';
  const signs = '{}[]",: \\u1e-.tn\n';
  const texts = Array.from(whole, (_, at) => whole.slice(0, at));
  for (let at = 0; at < whole.length; at++)
    for (const sign of signs)
      texts.push(
        whole.slice(0, at) + sign + whole.slice(at),
        whole.slice(0, at) + sign + whole.slice(at + 1),
      );
  for (const text of texts) assert.equal(findJsonMistake(text) === undefined, isJson(text), text);
});

test("findJsonMistake(): nesting costs no stack", () => {
  const depth = 1_000_000;
  assert.equal(findJsonMistake("[".repeat(depth))?.position, depth);
  assert.equal(findJsonMistake(`${"[".repeat(depth)}${"]".repeat(depth)}`), undefined);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
