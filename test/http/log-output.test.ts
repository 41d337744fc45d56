import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { openSync } from "node:fs";
import { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LogOutput } from "../../src/http/logs/log-output.ts";

/** An output, and what it has written piece by piece. */
function collecting(t: TestContext): { output: LogOutput; pieces: string[] } {
  const pieces: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(piece: string, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  const others = process.listeners("exit");
  const output = new LogOutput(stream, new Writable({ write: (_piece, _encoding, done) => done() }));
  t.after(() => {
    for (const listener of process.listeners("exit"))
      if (!others.includes(listener)) process.off("exit", listener);
  });
  return { output, pieces };
}

test("LogOutput.write: each line is written at once", (t) => {
  const { output, pieces } = collecting(t);
  output.write("one\n");
  output.write("two\n");
  assert.deepEqual(pieces, ["one\n", "two\n"]);
});

test("LogOutput.gather: the lines of one turn of the loop are one write, at its end", async (t) => {
  const { output, pieces } = collecting(t);
  output.gather(() => output.write("one\n"));
  output.gather(() => output.write("two\n"));
  assert.deepEqual(pieces, []);
  await nextTurn();
  assert.deepEqual(pieces, ["one\ntwo\n"]);
  output.gather(() => output.write("three\n"));
  await nextTurn();
  assert.deepEqual(pieces, ["one\ntwo\n", "three\n"]);
});

test("LogOutput.gather: a line that is written at once brings those before it along, in order", async (t) => {
  const { output, pieces } = collecting(t);
  output.gather(() => output.write("one\n"));
  output.write("two\n");
  assert.deepEqual(pieces, ["one\ntwo\n"]);
  await nextTurn();
  assert.deepEqual(pieces, ["one\ntwo\n"]);
});

test("LogOutput.gather: no piece is longer than a pipe takes at once, unless a line is", async (t) => {
  const { output, pieces } = collecting(t);
  const lines = Array.from({ length: 100 }, (_, n) => `${n} ${"é".repeat(60)}\n`);
  const long = `${"x".repeat(5_000)}\n`;
  output.gather(() => {
    for (const line of lines) output.write(line);
    output.write(long);
    output.write("last\n");
  });
  await nextTurn();
  assert.equal(pieces.join(""), [...lines, long, "last\n"].join(""));
  const tooLong = pieces.filter((piece) => Buffer.byteLength(piece) > 4096);
  assert.deepEqual(tooLong, [long]);
});

test("LogOutput.gather: a function that throws leaves the next line one that is written at once", (t) => {
  const { output, pieces } = collecting(t);
  assert.throws(() =>
    output.gather(() => {
      throw new Error("cannot be logged");
    }),
  );
  output.write("one\n");
  assert.deepEqual(pieces, ["one\n"]);
});

const source = new URL("../../src/http/logs/log-output.ts", import.meta.url).href;

/** Runs code in a process of its own, with an output to its stdout. */
function run(code: string, stdout: "pipe" | number): { stdout: string; stderr: string } {
  const script = `import { LogOutput } from ${JSON.stringify(source)};\nconst output = new LogOutput();\n${code}`;
  return spawnSync(process.execPath, ["--conditions=offloop:source", "--input-type=module", "-e", script], {
    stdio: ["ignore", stdout, "pipe"],
    encoding: "utf8",
  });
}

test("LogOutput.gather: what waits is written when the process exits", () => {
  const ended = run(`output.gather(() => output.write("last\\n")); process.exit();`, "pipe");
  assert.equal(ended.stdout, "last\n", ended.stderr);
});

test("LogOutput.gather: all lines of a piece that cannot be written count as lost", () => {
  const lines = `output.gather(() => { for (let n = 0; n < 3; n++) output.write("line\\n"); });`;
  const { stderr } = run(lines, openSync("/dev/full", "w"));
  assert.match(stderr, /ENOSPC/);
  assert.match(stderr, /3 lines of the log were lost/);
});
