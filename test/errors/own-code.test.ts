import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isOwnFrame, isOwnScript } from "../../src/errors/own-code.ts";

const source = new URL("../../src/", import.meta.url);
const modules = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".ts"),
);

test("isOwnScript() and isOwnFrame() know every module of src, however deep it lies", () => {
  assert.ok(modules.includes("index.ts") && modules.some((path) => path.split("/").length === 3));
  for (const path of modules) {
    const { href } = new URL(path, source);
    assert.ok(isOwnScript(href), path);
    assert.ok(isOwnFrame(`    at async run (${href}:12:3)`), path);
  }
});

test("isOwnScript() and isOwnFrame() take no module next to src for one inside it", () => {
  for (const path of [
    "../examples/app.ts",
    "../package.json",
    "../src-of-others/app.ts",
    "../node_modules/x.js",
  ]) {
    const { href } = new URL(path, source);
    assert.ok(!isOwnScript(href), path);
    assert.ok(!isOwnFrame(`    at run (${href}:12:3)`), path);
  }
});

test("both know code by its path, too, as V8 names the modules of a node:vm, and take no message for a frame", () => {
  const path = fileURLToPath(new URL("lanes/choose.ts", source));
  assert.ok(isOwnScript(path));
  assert.ok(isOwnFrame(`    at run (${path}:12:3)`));
  assert.ok(isOwnFrame(`    at ${path}:12:3`));
  assert.ok(!isOwnFrame(`Error: this copy is in ${path}`));
  assert.ok(!isOwnScript(fileURLToPath(new URL("../src-of-others/app.ts", source))));
});
