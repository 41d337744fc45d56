import assert from "node:assert/strict";
import { relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { App } from "offloop";
import { appName } from "../../src/cli/declared-app.ts";

const ownFile = relative(process.cwd(), fileURLToPath(import.meta.url));

test("appName() has the title and the version that an app declares", () => {
  assert.equal(appName(new App({ title: "Shop", version: "1.2.3" })), "Shop 1.2.3");
  assert.equal(appName(new App({ title: "Shop" })), "Shop");
});

test("appName() of an app without a title has its file, and nothing that reads as offloop's own version", () => {
  assert.equal(appName(new App()), ownFile);
  assert.equal(appName(new App({ version: "1.2.3" })), `${ownFile} 1.2.3`);
});
