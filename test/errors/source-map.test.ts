import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadedMap, originalPosition, readSourceMap, scriptPath } from "../../src/errors/source-map.ts";

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

/** Both readers of maps: what code names, and what Node has read. */
function readBoth(given: object, path: string = file): (ReturnType<typeof readSourceMap> & object)[] {
  const json = JSON.stringify(given);
  const read = readSourceMap(
    path,
    `code\n//# sourceMappingURL=data:application/json,${encodeURIComponent(json)}`,
  );
  const loaded = loadedMap(new SourceMap(JSON.parse(json)), path);
  assert.ok(read !== undefined && loaded !== undefined);
  return [read, loaded];
}

test("ofLine() gives the source of a line only when it comes from one line", () => {
  for (const found of readBoth(map)) {
    assert.equal(found.ofLine(2)?.line, 3);
    assert.equal(found.ofLine(1), undefined);
    assert.equal(found.ofLine(3), undefined);
  }
  // A minified line that begins with a helper without a source comes from as many lines.
  for (const found of readBoth({ ...map, mappings: "UAAA,UAIA" })) assert.equal(found.ofLine(1), undefined);
});

test("code without a source has none, rather than that of what is before it", () => {
  // Line 1 begins with a source, and goes on without one; line 2 has nothing, and line 3 begins without.
  for (const found of readBoth({ ...map, mappings: "AAAA,U;;A,UAEA" })) {
    assert.equal(found.at(1, 3)?.line, 1);
    assert.equal(found.at(1, 11), undefined);
    assert.equal(found.at(2, 1), undefined);
    assert.equal(found.at(3, 1), undefined);
    assert.equal(found.at(3, 11)?.line, 3);
    assert.equal(found.ofLine(2), undefined);
  }
});

test("a source that is a URL stays one", () => {
  for (const found of readBoth({ ...map, sources: ["webpack://app/./src/a.ts"] }))
    assert.equal(found.at(2, 1)?.file, "webpack://app/./src/a.ts");
});

test("readSourceMap() heeds sourceRoot, escapes, sections, and what is written before a map", () => {
  const read = (json: string): string | undefined =>
    readSourceMap(file, `//# sourceMappingURL=data:application/json;base64,${btoa(json)}`)?.at(2, 1)?.file;
  assert.equal(read(JSON.stringify({ ...map, sourceRoot: "../lib" })), "/lib/src/a.ts");
  const said = { file: '"mappings":"A\\\\"', sourcesContent: ['let a = "[{";\n// "\\"'], ...map };
  assert.equal(read(`)]}'\n${JSON.stringify(said, null, 2)}`), "/app/src/a.ts");
  const sections = [
    { offset: { line: 0, column: 0 }, map: { ...map, sources: ["b.ts"], mappings: "AAAA" } },
    { offset: { line: 1, column: 0 }, map: { ...map, mappings: "AAAA" } },
  ];
  assert.equal(read(JSON.stringify({ version: 3, sections })), "/app/src/a.ts");
});

test("readSourceMap() finds maps and sources by URL and by path, relative to the map", () => {
  const folder = mkdtempSync(join(tmpdir(), "offloop map-"));
  for (const name of ["js", "maps", "src"]) mkdirSync(join(folder, name));
  const write = (name: string, source: string): void =>
    writeFileSync(join(folder, "maps", name), JSON.stringify({ ...map, sources: [source] }));
  write("a b.js.map", "../src/%C3%A9%20%231.ts"); // as esbuild writes it
  write("c#1.js.map", "../src/c#1 %20.ts"); // as tsc does
  writeFileSync(join(folder, "src", "c#1 %20.ts"), "");
  const sourceOf = (comment: string): string | undefined =>
    readSourceMap(join(folder, "js", "a b.js"), `code\n//# sourceMappingURL=${comment}\n`)?.at(2, 1)?.file;
  assert.equal(sourceOf("../maps/a%20b.js.map"), join(folder, "src", "é #1.ts"));
  assert.equal(sourceOf("../maps/c#1.js.map"), join(folder, "src", "c#1 %20.ts"));
  rmSync(folder, { recursive: true });
});

test("readSourceMap() takes the last comment, and none that is part of a line", () => {
  const of = (source: string): string =>
    `//# sourceMappingURL=data:application/json;base64,${btoa(JSON.stringify({ ...map, sources: [source] }))}`;
  const code = `code\n${of("bundled.ts")}\ncode\n${of("own.ts")}\nconst text = "${of("text.ts")}";\n`;
  assert.equal(readSourceMap(file, code)?.at(2, 1)?.file, "/app/own.ts");
});

test("scriptPath() turns a file URL into a path and keeps other names", () => {
  assert.equal(scriptPath("file:///app/a%20b.js"), "/app/a b.js");
  assert.equal(scriptPath("node:fs"), "node:fs");
  assert.equal(scriptPath("file:///app/a%2Fb.js"), "file:///app/a%2Fb.js");
});
