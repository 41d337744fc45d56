import assert from "node:assert/strict";
import { test } from "node:test";
import { App } from "offloop";
import { describeError } from "../../src/errors/described-error.ts";
import { stackFrames } from "../../src/errors/stack-frames.ts";
import { compactError } from "../../src/http/logs/compact-error.ts";
import { openVault } from "../fixtures/vault.ts";

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("compactError() has the error's class, the lines where it was thrown, the user's frames, and how to see the rest", () => {
  const lines = compactError(describeError(thrownBy(openVault)), "GET / failed: no key").split("\n");
  assert.equal(lines[0], "    TypeError");
  const marked = lines.filter((line) => line.startsWith("    > "));
  assert.equal(marked.length, 1);
  assert.match(marked[0] ?? "", / 3 .*throw new TypeError\("no key"\)/);
  assert.match(
    lines.find((line) => line.startsWith("    at ")) ?? "",
    /openVault \(test\/fixtures\/vault\.ts:3:\d+\)/,
  );
  assert.deepEqual(lines.slice(-2), ["    the whole stack: --log-level debug", ""]);
});

test("compactError() has the error's message where the line above has another", () => {
  const error = describeError(Object.assign(new Error("bad seek"), { code: "EIMAGE" }));
  assert.equal(compactError(error, "not an image").split("\n")[0], "    Error (EIMAGE): bad seek");
  assert.equal(compactError(error, "").split("\n")[0], "    Error (EIMAGE): bad seek");
  assert.equal(compactError(error, "not an image: bad seek").split("\n")[0], "    Error (EIMAGE)");
});

test("compactError() names each cause with its code and message, and shows no line of offloop's own or of node", () => {
  const cause = Object.assign(new Error("no such file"), { code: "ENOENT" });
  const text = compactError(describeError(new Error("cannot open", { cause })), "cannot open");
  assert.match(text, /^ {4}caused by Error \(ENOENT\): no such file$/m);
  const frames = text.split("\n").filter((line) => line.startsWith("    at "));
  assert.ok(frames.length > 0 && frames.every((line) => line.includes("compact-error.test.ts")), text);
});

test("compactError() repeats no place that the line above has, and shows where that error was thrown", () => {
  const error = describeError(thrownBy(() => new App().get("nope", async () => 1)));
  const lines = compactError(error, `GET / failed: ${error.message}`).split("\n");
  assert.equal(lines[0], "    OFFLOOP_PATH_INVALID");
  assert.match(lines.find((line) => line.startsWith("    > ")) ?? "", /new App\(\)\.get\("nope"/);
  const places = stackFrames(error).map(({ line, column }) => `${line}:${column}`);
  assert.equal(new Set(places).size, places.length);
  const [place = ""] = places;
  assert.equal(lines.filter((line) => line.includes(place)).length, 0, lines.join("\n"));
  assert.ok(
    lines.some((line) => line.startsWith("    at thrownBy (")),
    lines.join("\n"),
  );
});

test("compactError() of anything but an error has only its type", () => {
  assert.deepEqual(compactError(describeError("a string"), "a string").split("\n"), [
    "    string",
    "    the whole stack: --log-level debug",
    "",
  ]);
});

test("compactError() gives the terminal no orders that a client has sent", () => {
  const cause = Object.assign(new Error("no user \u001b[31mada\r\u009b2J"), { code: "\u0007" });
  const text = compactError(describeError(new Error("failed:\n\t\u001b]0;title\u0007", { cause })), "sorry");
  assert.match(text, /^ {4}Error: failed:\n\t\\u001b]0;title\\u0007\n/);
  assert.match(text, /^ {4}caused by Error \(\\u0007\): no user \\u001b\[31mada\\u000d\\u009b2J$/m);
  assert.doesNotMatch(text, /[^\P{Cc}\t\n]/u);
});
