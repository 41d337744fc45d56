import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { originalLine, originalPosition, readSourceMap, scriptPath } from "../../src/errors/source-map.ts";

// Two generated lines: the first from lines 1 and 5 of a.ts, the second from line 3.
const map = { version: 3, sources: ["src/a.ts"], names: [], mappings: "AAAA,UAIA;AAFA" };
const file = "/app/a.js";
const inline = `code\ncode\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;

test("readSourceMap() reads a map that code carries, in base64 or plain", () => {
  const plain = `code\n//# sourceMappingURL=data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
  for (const code of [inline, plain]) {
    const place = originalPosition({ file, line: 2, column: 4 }, readSourceMap(file, code));
    assert.deepEqual(place, { file: "/app/src/a.ts", line: 3, column: 1 });
  }
});

test("readSourceMap() reads the file that code names, relative to its own", () => {
  const folder = mkdtempSync(join(tmpdir(), "offloop-map-"));
  writeFileSync(join(folder, "a.js.map"), JSON.stringify(map));
  const path = join(folder, "a.js");
  const found = readSourceMap(path, "code\n//# sourceMappingURL=a.js.map");
  assert.equal(originalPosition({ file: path, line: 2, column: 1 }, found).file, join(folder, "src", "a.ts"));
  rmSync(folder, { recursive: true });
});

test("readSourceMap() is undefined without a map, and for one that cannot be read", () => {
  assert.equal(readSourceMap(file, "code"), undefined);
  assert.equal(readSourceMap(file, "//# sourceMappingURL=gone.map"), undefined);
  assert.equal(readSourceMap(file, "//# sourceMappingURL=data:application/json;base64,AAAA"), undefined);
});

test("originalPosition() leaves a location unchanged where there is no map", () => {
  const place = { file, line: 2, column: 4 };
  assert.equal(originalPosition(place, undefined), place);
});

test("originalLine() gives a line only when the generated one stems from one", () => {
  const found = readSourceMap(file, inline);
  assert.ok(found);
  assert.equal(originalLine(2, found), 3);
  assert.equal(originalLine(1, found), undefined);
});

test("scriptPath() turns a file URL into a path and keeps other names", () => {
  assert.equal(scriptPath("file:///app/a%20b.js"), "/app/a b.js");
  assert.equal(scriptPath("node:fs"), "node:fs");
});
