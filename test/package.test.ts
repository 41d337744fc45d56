import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, posix } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { agentFiles } from "../scripts/agent-files.ts";
import { type AppFolder, appFolder } from "./fixtures/app-folder.ts";
import { command, listening } from "./fixtures/cli.ts";
import { olderNode } from "./fixtures/older-node.ts";
import { lanes } from "./fixtures/running.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  exports: Record<string, string | Record<string, string>>;
};

test("the built package serves an app on both lanes, without type stripping or conditions", async () => {
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
  const app = fileURLToPath(new URL("./fixtures/apps/shutdown.ts", import.meta.url));
  const child = spawn(process.execPath, ["dist/cli/main.js", "run", app, "--port", "0"], { cwd: root });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const url = /listens on (http:\S+?)"/.exec(line)?.[1];
    if (url === undefined) continue;
    assert.equal(await (await fetch(`${url}/`)).json(), "ok");
    assert.equal(await (await fetch(`${url}/request/1`)).json(), "finished");
    break;
  }
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

const app = `import { App } from "offloop";
export const app = new App();
app.get("/loop", async () => {
  for (const before = process.threadCpuUsage(); process.threadCpuUsage(before).user < 400_000; );
  return "loop";
});
app.get("/thread", () => {
  throw new Error("out of stock");
});
app.get("/long", () => {
  for (const end = performance.now() + 25; performance.now() < end; );
  return "long";
});
export default app;
`;
const builtCommand = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

test("the built package starts its dev process, threads and watchdog, and distinguishes its code from the user's", async (t) => {
  const folder = appFolder({ "app.ts": app });
  const running = command([builtCommand, "dev", folder.path("app.ts"), "--port", "0"], []);
  t.after(() => running.child.kill("SIGKILL"));
  const url = /http:\S+/.exec(await running.line(/^ {2}app {2,}http/))?.[0];
  assert.equal(await (await fetch(`${url}/loop`)).json(), "loop");
  await running.line(/event loop blocked for .*by GET \/loop at \S*app\.ts:4:/);
  assert.equal((await fetch(`${url}/thread`)).status, 500);
  await running.line(/GET \/thread 500/);
  running.child.kill("SIGTERM");
  const { code, output } = await running.ended();
  assert.equal(code, 0, output);
  assert.match(output, /GET \/thread failed: out of stock[\s\S]*\n +at .*app\.ts:8:/);
  assert.doesNotMatch(output, /dist\//);
});

test("the built package knows its own frames where Node reads its source maps, too", async (t) => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
export const app = new App();
app.get("/loop", async () => {
  throw new Error("out of stock");
});
app.get("/thread", () => {
  throw new Error("out of print");
});
`,
  });
  const inProduction = ["--enable-source-maps", builtCommand, "run", folder.path("app.ts"), "--port", "0"];
  const running = command(inProduction, []);
  t.after(() => running.child.kill("SIGKILL"));
  const url = /http:[^\s"]+/.exec(await running.line(/listens on/))?.[0];
  for (const lane of lanes) assert.equal((await fetch(`${url}/${lane}`)).status, 500);
  running.child.kill("SIGTERM");
  const { code, output } = await running.ended();
  assert.equal(code, 0, output);
  assert.match(output, /out of stock[^\n]*app\.ts:4:/);
  assert.match(output, /out of print[^\n]*app\.ts:7:/);
  assert.doesNotMatch(output, /(dist|src)\/|process\.exit was called/);
});

test("the built package answers health probes from their own thread", async (t) => {
  const folder = appFolder({
    "app.ts": app,
    "main.js": `import { serve } from "offloop";
import app from "./app.ts";
const server = await serve(app, { port: 0, health: { port: 0 } });
console.log("probes at", server.healthUrl);
`,
  });
  const running = command([folder.path("main.js")], []);
  t.after(() => running.child.kill("SIGKILL"));
  const health = /http:\/\/[\d.:]+/.exec(await running.line(/probes at/))?.[0];
  assert.deepEqual(await (await fetch(`${health}/livez`)).json(), { status: "ready" });
});

test("the built package starts the relay of its threads, which passes on what long calls answer", {
  skip: process.platform === "linux" ? false : "threads have no priority of their own here",
}, async (t) => {
  const folder = appFolder({
    "app.ts": app,
    "main.js": `import { serve } from "offloop";
import app from "./app.ts";
process.on("worker", ({ threadName }) => console.log("starts", threadName));
const server = await serve(app, { port: 0, threads: { max: 1, reserve: 0 } });
console.log("app at", server.url);
`,
  });
  const running = command([folder.path("main.js")], []);
  t.after(() => running.child.kill("SIGKILL"));
  const url = /http:\S+/.exec(await running.line(/app at/))?.[0];
  for (const _ of ["the call that starts it", "one by it"])
    assert.equal(await (await fetch(`${url}/long`)).json(), "long");
  await running.line(/starts offloop relay/);
});

test("the built package names the user's line for a mistake, and shows the user's part of a stack", async () => {
  const declaring = appFolder({
    "app.ts":
      'import { App } from "offloop";\nexport default new App();\nnew App().get("nope", async () => 1);\n',
  });
  const refused = await command([builtCommand, "routes", declaring.path("app.ts")], []).ended();
  assert.equal(refused.code, 1);
  assert.match(refused.output, /OFFLOOP_PATH_INVALID: .*\n {2}at \S*app\.ts:3:11\n/);
  const throwing = appFolder({
    "app.ts": 'import { App } from "offloop";\nexport default new App();\nthrow new Error("no database");\n',
  });
  const failed = await command([builtCommand, "routes", throwing.path("app.ts")], []).ended();
  assert.equal(failed.code, 1);
  assert.match(failed.output, /Error: no database\n +at .*app\.ts:3:/);
  assert.doesNotMatch(failed.output, /dist\//);
});

const vitestApp = `import { readFileSync } from "node:fs";
import { App } from "offloop";

interface Item {
  name: string;
}
export type Items = Item[];

export const app = new App();
app.get("/fails", async () => {
  throw new Error("out of stock");
});
app.get("/reads", async () => readFileSync("package.json", "utf8").length);
app.get("/allowed", async () => {
  // offloop-allow blocking: a small file
  return readFileSync("package.json", "utf8").length;
});
app.get("/blocks", async () => {
  for (const from = process.cpuUsage(); process.cpuUsage(from).user < 200_000; );
});
export const wrong = (): App => app.get("nope", async () => 1);
`;
const vitestTests = `import { expect, test } from "vitest";
import { testClient } from "offloop/testing";
import { app, wrong } from "./app.ts";

interface Unused {
  name: string;
}

test("what fails", async () => {
  await using client = await testClient(app);
  expect((await client.get("/fails")).status).toBe(500);
});
test("what blocks", async () => {
  const client = await testClient(app, { failOnBlockMs: 50 });
  await expect(client.get("/blocks")).rejects.toThrow(/at app.ts:19:/);
  await client.close();
});
test("what is declared wrongly", () => {
  try {
    wrong();
  } catch (error) {
    console.log((error as Error).stack);
  }
});
`;

test("in vitest, errors, the guard and the watchdog of the built package name the user's lines", () => {
  const folder = appFolder({ "app.ts": vitestApp, "app.test.ts": vitestTests }, ["vitest"]);
  // As npm installs it: what is linked, vitest takes for the user's own.
  const installed = folder.path("node_modules/offloop");
  rmSync(installed);
  mkdirSync(installed);
  for (const part of ["dist", "package.json"])
    cpSync(join(root, part), join(installed, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [vitest, "run", "--pool=forks", "--testTimeout=60000", "--root", folder.path("")],
    { encoding: "utf8", cwd: folder.path(""), env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" } },
  );
  const output = stdout + stderr;
  assert.equal(status, 0, output);
  assert.match(output, /Error: out of stock\n\s+at \S*\w+.*app\.ts:11:/);
  assert.match(
    output,
    /OFFLOOP_GUARD_BLOCKING: GET \/reads blocks the event loop: it calls readFileSync\n\s+at app\.ts:13:/,
  );
  assert.doesNotMatch(output, /GET \/allowed blocks/);
  assert.match(
    output,
    /OFFLOOP_PATH_INVALID: .*\n {2}at app\.ts:21:.*\n {2}fix .*\n {4}at wrong \(\S*app\.ts:21:/,
  );
  assert.doesNotMatch(output, /offloop\/dist/);
});

/** A project whose modules a bundler has put into `dist`; nothing else of it is left. */
function bundled(
  ssr: { readonly external?: string[]; readonly noExternal?: true },
  ending: "js" | "mjs" = "js",
): AppFolder {
  const sources = {
    "app.ts": `import { App } from "offloop";
import { items } from "./items.ts";
const app = new App();
app.get("/loop", async () => items);
app.get("/thread", () => items);
export default app;
`,
    "items.ts": 'export const items: string[] = ["tea"];\n',
    "server.ts": `import { serve } from "offloop";
import app from "./app.ts";
const { url } = await serve(app, { port: 0 });
console.log("listens on", url);
`,
  };
  const folder = appFolder(sources, ["vite"]);
  const output = { entryFileNames: `[name].${ending}`, chunkFileNames: `[name].${ending}` };
  const build = { ssr: true, rolldownOptions: { input: ["app.ts", "server.ts"], output } };
  folder.write("vite.config.js", `export default ${JSON.stringify({ build, ssr })};\n`);
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const { status, stderr } = spawnSync(process.execPath, [vite, "build", "--logLevel", "warn"], {
    encoding: "utf8",
    cwd: folder.path(""),
  });
  assert.equal(status, 0, stderr);
  for (const source of Object.keys(sources)) rmSync(folder.path(source));
  return folder;
}

test("an app that is bundled without offloop answers on both lanes, run or served by itself", async (t) => {
  const folder = bundled({ external: ["offloop"] });
  for (const args of [
    [builtCommand, "run", folder.path("dist/app.js"), "--port", "0"],
    [folder.path("dist/server.js")],
  ]) {
    const running = command(args, []);
    t.after(() => running.child.kill("SIGKILL"));
    const url = await listening(running);
    for (const lane of lanes) assert.deepEqual(await (await fetch(`${url}/${lane}`)).json(), ["tea"]);
    running.child.kill("SIGTERM");
    assert.equal((await running.ended()).code, 0);
  }
});

test("an app that is bundled with offloop in it says so, run or served by itself", async () => {
  const folder = bundled({ noExternal: true }, "mjs");
  const run = await command([builtCommand, "run", folder.path("dist/app.mjs"), "--port", "0"], []).ended();
  assert.equal(run.code, 1);
  assert.match(run.output, /OFFLOOP_TWO_COPIES.*keep offloop out of bundles/);
  const served = await command([folder.path("dist/server.mjs")], []).ended();
  assert.equal(served.code, 1);
  assert.match(
    served.output,
    /OFFLOOP_THREAD_START: Cannot start a thread: offloop's own file .*\/threads\/inside\/entry\.mjs does not exist\n {2}fix keep offloop out of bundles/,
  );
});

test("the built command line says in an older Node which one it needs", (t) => {
  const node = olderNode();
  if (node === undefined) return t.skip("this machine has no older Node");
  const { status, stderr } = spawnSync(node, ["dist/cli/main.js", "routes", "app.ts"], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^OFFLOOP_NODE_OUTDATED: Cannot run on Node \d[\d.]+: offloop needs Node 24\.16 or later\n/,
  );
});

test("the built package serves the inspector's page, every file that it loads, and no type left in it", async (t) => {
  const folder = appFolder({ "app.ts": app });
  const served = command([builtCommand, "run", folder.path("app.ts"), "--port", "0", "--inspector"], []);
  t.after(() => served.child.kill("SIGKILL"));
  const page = `${await listening(served)}/_offloop`;
  const read = async (name: string): Promise<string> => {
    const response = await fetch(page + name);
    assert.equal(response.status, 200, name);
    return response.text();
  };
  const found = new Set((await read("")).match(/(?<="_offloop)\/[^"]+(?=")/g));
  assert.ok(found.has("/main.js"));
  for (const name of found)
    for (const imported of (await read(name)).match(/(?<=^import .* from "\.)\/[^"]+(?=")/gm) ?? []) {
      assert.match(imported, /\.js$/);
      found.add(imported);
    }
});

test("an example that is copied out of the packed package loads, each function on its lane", async () => {
  const folder = appFolder({});
  installPacked(root, folder.path("node_modules"));
  for (const [path, name] of [
    ["offloop/node_modules", ""],
    ["zod", "zod"],
    ["jose", "jose"],
  ] as const)
    symlinkSync(join(root, "node_modules", name), folder.path(`node_modules/${path}`));
  const examples = folder.path("node_modules/offloop/examples");
  const names = readdirSync(examples).filter((name) => /^0[1-6]-/.test(name));
  assert.equal(names.length, 6);
  for (const name of names) {
    cpSync(join(examples, name), folder.path(name), { recursive: true });
    const listed = command(
      [folder.path("node_modules/offloop/dist/cli/main.js"), "routes", folder.path(`${name}/app.ts`)],
      [],
    );
    const { code, output } = await listed.ended();
    assert.equal(code, 0, output);
    assert.match(output, /^[A-Z]+ .* (loop|thread) +\S*\.ts:\d+/m);
  }
});

test("an app of the packed create-offloop compiles, passes its test and serves, with the packed offloop", async (t) => {
  const folder = appFolder({});
  for (const source of [root, join(root, "create-offloop")])
    installPacked(source, folder.path("node_modules"));
  symlinkSync(join(root, "node_modules"), folder.path("node_modules/offloop/node_modules"));
  for (const name of ["zod", "typescript", "@types"])
    symlinkSync(join(root, "node_modules", name), folder.path(`node_modules/${name}`));
  const created = await command(
    [folder.path("node_modules/create-offloop/main.js"), folder.path("app")],
    [],
  ).ended();
  assert.equal(created.code, 0, created.output);
  // A test runner that is started by a test runs nothing where this says so.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const inApp = { cwd: folder.path("app"), encoding: "utf8", env } as const;
  const compiled = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc")], inApp);
  assert.equal(compiled.status, 0, compiled.stdout);
  const tested = spawnSync(process.execPath, ["--test"], inApp);
  assert.match(tested.stdout, /^(ℹ|#) pass 4$/m);
  assert.equal(tested.status, 0, tested.stdout);
  const offloop = folder.path("node_modules/offloop/dist/cli/main.js");
  const running = command([offloop, "run", folder.path("app/app.ts"), "--port", "0"], []);
  t.after(() => running.child.kill("SIGKILL"));
  const url = await listening(running);
  assert.deepEqual(await (await fetch(`${url}/hello/Ada?times=2`)).json(), { hello: "Ada and Ada" });
});

const sharedPackage = `import { App, depends, param, Router, settings, sse } from "offloop";
import { apiKeyHeader, security } from "offloop/security";
import { override, testClient } from "offloop/testing";
import { z } from "zod";

export const env = settings({ PORT: z.int(), URL: param(z.url(), { alias: "ADDRESS" }) });
export const whole = settings(z.object({ PORT: z.int() }));
export const page = param(z.int(), { alias: "page-number" });

const inputs = { query: { page }, headers: { x_token: z.string() }, cookies: { id: z.string() } };
export const user = depends(inputs, async ({ query, headers, cookies, session }) => ({ query, headers, cookies, session }));
export const posted = depends({ body: { name: z.string() }, params: { id: z.int() } }, async ({ body, params }) => ({ body, params }));
export const upload = depends({ form: { file: z.file() } }, async ({ form, request, log }) => ({ form, request, log }));
export const cache = depends(() => new Map<string, Date>(), { scope: "thread" });
export const key = apiKeyHeader("x-key");
export const admin = security(user, { scopes: ["admin"] });

export const app = new App();
export const items = new Router({ prefix: "/shops/:shop", deps: { user, cache } });
export const read = items.get("/:id", { params: { id: z.int() }, response: z.string() }, ({ user }) => user.headers.x_token);
export const live = items.websocket("/live", { message: z.string(), send: z.object({ n: z.int() }) }, { message: async () => ({ n: 1 }) });
export const events = () => sse((async function* () { yield 1; })());

export const plain = items.task("plain", (words: Set<string>, at?: Date) => ({ words, at }));
export const context = items.task("context", { deps: { cache } }, ({ cache, job }, name: string) => ({ at: cache.get(name), job }));
export const stored = items.task("stored", { durable: true, args: [z.string()] }, async (name) => name);
export const both = items.task("both", { durable: true, args: [z.string()], deps: {} }, async ({ signal }, name) => ({ signal, name }));
export const nightly = items.task("nightly", { schedule: "0 3 * * *", deps: { cache } }, ({ log }) => log.info("night"));
export const enqueued = () => both.with({ key: "one" }).enqueue("tea");
export const found = (id: string) => app.jobs.get(id);

export const opened = () => testClient(app, { overrides: [override(env, { PORT: 1 })] });
`;

test("a package that exports what it makes with offloop has declarations, of public names alone", () => {
  const options = { strict: true, module: "nodenext", target: "esnext", types: ["node"], skipLibCheck: true };
  const emitting = { ...options, exactOptionalPropertyTypes: true, declaration: true, outDir: "dist" };
  const folder = appFolder(
    {
      "package.ts": sharedPackage,
      "tsconfig.json": JSON.stringify({ compilerOptions: emitting, files: ["package.ts"] }),
    },
    ["zod", "@types"],
  );
  installPacked(root, folder.path("node_modules"));
  symlinkSync(join(root, "node_modules"), folder.path("node_modules/offloop/node_modules"));
  for (const compiler of ["node_modules", "scripts/typescript6/node_modules"]) {
    const tsc = join(root, compiler, "typescript/bin/tsc");
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder.path(""), "--pretty", "false"], {
      encoding: "utf8",
    });
    assert.equal(stdout, "", compiler);
    const declarations = readFileSync(folder.path("dist/package.d.ts"), "utf8");
    assert.doesNotMatch(declarations, /(?<!args): any\b|offloop\/dist/, compiler);
    rmSync(folder.path("dist"), { recursive: true });
  }
});

/** Packs a package as npm publishes it, and unpacks it where npm would install it. */
function installPacked(source: string, folder: string): void {
  const { name } = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as { name: string };
  const installed = join(folder, name);
  rmSync(installed, { force: true });
  mkdirSync(installed);
  const args = ["pack", source, "--silent", "--ignore-scripts", "--pack-destination", folder];
  const archive = execFileSync("npm", args, { cwd: root, encoding: "utf8" }).trim();
  execFileSync("tar", ["-xzf", join(folder, archive), "-C", installed, "--strip-components=1"]);
}

test("package.json exports point at files that the build makes from files that exist", () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue;
    const { "offloop:source": source = "", default: built = "", types = "" } = target;
    assert.match(source, /^\.\/src\/.*\.ts$/, name);
    assert.equal(built, source.replace("./src/", "./dist/").replace(/\.ts$/, ".js"), name);
    assert.equal(types, built.replace(/\.js$/, ".d.ts"), name);
    readFileSync(new URL(`../${source}`, import.meta.url));
  }
});

test("the built package contains the files for coding agents, generated from its own pages", () => {
  for (const [path, render] of Object.entries(agentFiles))
    assert.equal(readFileSync(join(root, path), "utf8"), render(), path);
});

test("the package has every file that the README and the documentation link to", () => {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [pack] = Object.values(JSON.parse(output) as Record<string, { files: { path: string }[] }>);
  const packed = new Set(pack?.files.map(({ path }) => path));
  for (const path of ["package.json", ...Object.keys(agentFiles)]) assert.ok(packed.has(path), path);
  const pages = [...packed].filter((path) => path.endsWith(".md") || path === "llms.txt");
  const missing = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => posix.join(posix.dirname(page), link).replace(/\/$/, ""))
      .filter((path) => !packed.has(path) && ![...packed].some((file) => file.startsWith(`${path}/`)))
      .map((path) => `${page} -> ${path}`),
  );
  assert.deepEqual(missing, []);
});
