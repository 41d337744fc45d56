import assert from "node:assert/strict";
import { test } from "node:test";
import { describeError } from "../../src/errors/described-error.ts";
import { frameLines } from "../../src/errors/stack-frames.ts";

const frames = ["at read (file:///app/shop.ts:3:7)", "at file:///app/node.ts:9:1"];
const stack = (head: string): string => `${head}\n    ${frames.join("\n    ")}`;

test("frameLines() gives the frames, whatever the message is", () => {
  for (const message of ["it failed", "", "E", "no", "at ", "shop.ts:3:7", "one\ntwo"])
    assert.deepEqual(frameLines({ message, stack: stack(`Error: ${message}`) }), frames, message);
  assert.deepEqual(frameLines({ message: "", stack: stack("Error") }), frames);
});

test("frameLines() takes no line of a message for a frame", () => {
  const message = "no such line:\n    at secret (file:///etc/passwd:1:1)";
  assert.deepEqual(frameLines({ message, stack: stack(`Error: ${message}`) }), frames);
});

test("frameLines() gives none where the stack has another message, or there is no stack", () => {
  assert.deepEqual(frameLines({ message: "changed later", stack: stack("Error: it failed") }), []);
  assert.deepEqual(frameLines(describeError("thrown text")), []);
});
