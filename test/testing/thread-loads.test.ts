import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { testClient } from "offloop/testing";
import { appFolder } from "../fixtures/app-folder.ts";

const folder = appFolder({
  "price.ts": "export const price = 3;\n",
  "aliased.ts": `import { App } from "offloop";
import { price } from "@/price.ts";
const app = new App();
app.get("/", () => price);
export default app;
`,
  "enum.ts": `import { App } from "offloop";
enum Color { Red = "red" }
const app = new App();
app.get("/", () => Color.Red);
export default app;
`,
  "made.ts": `import { App } from "offloop";
export function createApp() {
  const app = new App();
  app.get("/", () => "made");
  return app;
}
`,
  "makes.ts": 'import { createApp } from "./made.ts";\nexport default createApp();\n',
  "lists.ts": `import { App } from "offloop";
export const app = new App();
app.get("/", () => process.moduleLoadList);
`,
  "waits.ts": `import { App } from "offloop";
import { testClient } from "offloop/testing";
const app = new App();
app.get("/", () => "never asked");
await using client = await testClient(app);
`,
  "waits-later.ts": `import { setTimeout } from "node:timers/promises";
import { App } from "offloop";
import { testClient } from "offloop/testing";
const app = new App();
app.get("/", () => "never asked");
const opening = testClient(app);
await setTimeout(1);
await opening;
`,
  "tested.test.ts": `import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { App } from "offloop";
import { testClient } from "offloop/testing";
const app = new App();
app.get("/", () => "asked");
test("asks", async () => {
  await using client = await testClient(app);
  assert.equal(await (await client.get("/")).json(), "asked");
});
await setTimeout(20);
`,
  // As vitest does, for the main thread alone.
  "runner.ts": `import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(/^@[/]/, "./"), context),
  load: (url, context, next) => {
    if (!url.endsWith("/enum.ts")) return next(url, context);
    const source = readFileSync(new URL(url), "utf8").replace(/^enum .*/m, 'const Color = { Red: "red" };');
    return { format: "module", source, shortCircuit: true };
  },
});
const { testClient } = await import("offloop/testing");
const { default: app } = await import("./" + process.argv[2]);
await testClient(app).then(
  (client) => client.close(),
  (error) => console.log(error.code + "\\n" + error.message),
);
`,
});

function said(module: string, env: NodeJS.ProcessEnv = {}): string[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=offloop:source", "--disable-warning=ExperimentalWarning", "runner.ts", module],
    { encoding: "utf8", cwd: folder.path(""), env: { ...process.env, ...env }, timeout: 60_000 },
  );
  assert.equal(stderr, "");
  return stdout.trim().split("\n");
}

test("what only threads cannot load, since a test runner compiles for the main thread, is named as offloop run does", () => {
  const [code, what = "", at, fix = ""] = said("aliased.ts");
  assert.equal(code, "OFFLOOP_THREAD_START");
  assert.match(what, /^Cannot start thread 1: Cannot find package '@\/price.ts'/);
  assert.equal(at, "  at aliased.ts:2:23");
  assert.match(
    fix,
    /^ {2}fix give it a name in "imports" of package.json, as in "#price": ".\/src\/price.ts"/,
  );
  const [, , place, mended = ""] = said("enum.ts");
  assert.equal(place, "  at enum.ts:2:1");
  assert.match(mended, /^ {2}fix write an object: const Color = \{ Red: "red" \} as const/);
});

test("under vitest it also says how threads compile, too", () => {
  const [, , at, fix = ""] = said("enum.ts", { VITEST: "true" });
  assert.equal(at, "  at enum.ts:2:1");
  assert.match(
    fix,
    /; or let threads compile as vitest does, with execArgv: \["--import", "tsx"\] and pool: "forks"$/,
  );
});

test("a module that makes the app in a function, for another that exports it, is named with what to pass", () => {
  const [code, what = "", at, fix = ""] = said("makes.ts");
  assert.equal(code, "OFFLOOP_THREAD_START");
  assert.match(what, /the module exports "createApp", not an App$/);
  assert.equal(at, "  at made.ts:1:1");
  assert.match(fix, /export the app from made.ts, or name the module that exports it: testClient\(new URL\(/);
});

for (const file of ["waits.ts", "waits-later.ts"])
  test(`a module that awaits a test client before it is loaded is told so at once, not after 30 s: ${file}`, () => {
    const { stderr, status } = spawnSync(process.execPath, ["--conditions=offloop:source", file], {
      cwd: folder.path(""),
      encoding: "utf8",
      env: { ...process.env, VITEST: "true" }, // under which a mistake of compilation would have another way out
    });
    assert.equal(status, 1, stderr);
    assert.match(
      stderr,
      new RegExp(
        `OFFLOOP_THREAD_START.*: Cannot start thread \\d+: Cannot load "${file}" in a thread: it waits for a test client, which waits for the thread\\n {2}at ${file}:[56]:\\d+\\n {2}fix put the app into a module of its own, or open the client inside a test\n`,
      ),
    );
  });

test("a test whose app is in the same module runs, also where the module is still loading while the test asks for its client", () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--conditions=offloop:source", "--test", "tested.test.ts"],
    { cwd: folder.path(""), encoding: "utf8" },
  );
  assert.equal(status, 0, stdout + stderr);
});

test("a thread loads none of Node's modules that only processes need", async () => {
  await using client = await testClient(pathToFileURL(folder.path("lists.ts")));
  const loaded = await (await client.get<string[]>("/")).json();
  assert.ok(loaded.includes("NativeModule worker_threads"));
  for (const name of ["cluster", "child_process"]) assert.ok(!loaded.includes(`NativeModule ${name}`), name);
});
