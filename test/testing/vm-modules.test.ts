import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { appFolder } from "../fixtures/app-folder.ts";

const folder = appFolder({
  "app.js": `import { App, HTTPError } from "offloop";
import { isMainThread } from "node:worker_threads";
const app = new App();
app.get("/plain", () => ({ isMainThread }));
app.get("/loop", async () => ({ isMainThread }));
app.get("/refused", () => {
  throw new HTTPError(418, "tea");
});
export default app;
`,
  "broken.js": "const items = [1 2];\\n",
  "app.test.js": `import { testClient } from "offloop/testing";
import app from "./app.js";
const client = await testClient(app);
const answers = [];
for (const path of ["/plain", "/loop", "/refused"]) {
  const response = await client.get(path);
  answers.push([response.status, await response.json()]);
}
await client.close();
const broken = await testClient(new URL("./broken.js", import.meta.url)).catch(({ message }) => message.split("\\n").slice(1).join(""));
console.log(JSON.stringify(answers), app.location.file, broken);
`,
  // As Jest does: every module of a project and of its packages is a SourceTextModule, which V8 knows by its path.
  "runner.js": `import { readFileSync } from "node:fs";
import { isBuiltin, stripTypeScriptTypes } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
process.removeAllListeners("warning");
const context = vm.createContext(Object.defineProperties({}, Object.getOwnPropertyDescriptors(globalThis)));
const modules = new Map();
function native(url) {
  return import(url).then((found) => {
    const names = [...new Set([...Object.keys(found), "default"])];
    return new vm.SyntheticModule(names, function () {
      for (const name of names) this.setExport(name, found[name]);
    }, { context, identifier: url });
  });
}
function read(url) {
  if (isBuiltin(url) || /[/]node_modules[/](?!offloop[/])/.test(url)) return native(url);
  const path = fileURLToPath(url);
  const source = readFileSync(path, "utf8");
  const code = path.endsWith(".ts") ? stripTypeScriptTypes(source) : source;
  return new vm.SourceTextModule(code, {
    context,
    identifier: path,
    initializeImportMeta: (meta) => void (meta.url = url),
    importModuleDynamically: async (specifier, { identifier }) => load(resolve(specifier, identifier)),
  });
}
function resolve(specifier, importer) {
  return import.meta.resolve(specifier, pathToFileURL(importer).href);
}
function found(url) {
  if (!modules.has(url)) modules.set(url, read(url));
  return modules.get(url);
}
async function load(url) {
  const module = await found(url);
  if (module.status === "unlinked") await module.link((specifier, { identifier }) => found(resolve(specifier, identifier)));
  if (module.status === "linked") await module.evaluate();
  return module;
}
await load(new URL("./app.test.js", import.meta.url).href);
`,
});

test("in a test runner that loads modules into a node:vm, as Jest does, threads load the module that made the app", () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--experimental-vm-modules",
      "--experimental-import-meta-resolve",
      "--conditions=offloop:source",
      folder.path("runner.js"),
    ],
    { encoding: "utf8", timeout: 60_000 },
  );
  const broken = `  at ${folder.path("broken.js")}:1:18  fix correct the code there`;
  const answers = [
    [200, { isMainThread: false }],
    [200, { isMainThread: true }],
    [418, { detail: "tea" }],
  ];
  assert.equal(stdout.trim(), `${JSON.stringify(answers)} ${folder.path("app.js")} ${broken}`, stderr);
});
