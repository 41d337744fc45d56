import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { ownVersion } from "../../src/cli/versions.ts";
import { type AppFolder, appFolder } from "../fixtures/app-folder.ts";
import { type Command, offloop } from "../fixtures/cli.ts";
import { freePort } from "../fixtures/free-port.ts";

const shop = `import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { App } from "offloop";
import { items } from "./items.ts";

const app = new App({ title: "Shop", version: "1.2.3" });
app.get("/items", () => items);
app.get("/pid", async () => process.pid);
app.get("/version", async () => readFileSync("package.json", "utf8").length);
app.get("/slow", async () => {
  const text = "[" + "[0],".repeat(3_000_000) + "0]";
  return JSON.parse(text).length;
});
app.get("/endless", async () => {
  console.log("blocks for good");
  for (;;);
});
app.get("/fails", () => {
  throw new Error("out of stock");
});
const report = app.task("report", async () => {
  console.log("report begins");
  await setTimeout(300);
  console.log("report ends");
});
app.get("/report", async ({ background }) => void background.add(report));
export default app;
`;

const project = (files: Readonly<Record<string, string>> = {}, packages: string[] = []): AppFolder =>
  appFolder({ "app.ts": shop, "items.ts": 'export const items = ["one"];\n', ...files }, packages);

function dev(folder: AppFolder, ...options: string[]): Command {
  const running = offloop("dev", folder.path("app.ts"), "--port", "0", ...options);
  after(() => running.child.kill("SIGKILL"));
  return running;
}

/** The address that the links begin with. */
async function addressOf(running: Command): Promise<string> {
  return /http:\S+/.exec(await running.line(/^ {2}app {2,}http/))?.[0] ?? "";
}

const ask = async (url: string): Promise<unknown> => (await fetch(url)).json();

async function stop(running: Command): Promise<void> {
  running.child.kill("SIGINT");
  const { code, output } = await running.ended();
  assert.equal(code, 0, output);
}

test("offloop dev accepts run's options about a proxy", async () => {
  const running = dev(project(), "--root-path", "/api", "--trust-proxy", "*", "--threads", "1");
  const url = await addressOf(running);
  assert.deepEqual(await ask(`${url}/api/items`), ["one"]);
  const { servers } = (await ask(`${url}/openapi.json`)) as { servers: unknown };
  assert.deepEqual(servers, [{ url: "/api" }]);
  await stop(running);
});

test("offloop dev prints links and findings, reloads when an imported file changes, and keeps its port", async () => {
  const folder = project();
  const running = dev(folder);
  const url = await addressOf(running);
  assert.equal(await running.line(/^ {2}docs/), `  docs       ${url}/docs`);
  assert.equal(await running.line(/^ {2}redoc/), `  redoc      ${url}/redoc`);
  assert.equal(
    running.lines.find((line) => line.includes("Shop")),
    `offloop ${ownVersion} serves Shop 1.2.3`,
  );
  assert.equal((await fetch(`${url}/docs`)).status, 200);

  const finding = running.lines.findIndex((line) =>
    line.endsWith("WARN: OFFLOOP_GUARD_BLOCKING: GET /version blocks the event loop: it calls readFileSync"),
  );
  assert.equal(running.lines[finding + 1], `  at ${folder.path("app.ts")}:9:33`);
  assert.match(running.lines[finding + 2] ?? "", /^ {2}fix make the function plain/);
  assert.equal(running.lines.filter((line) => line.includes("OFFLOOP_GUARD")).length, 1);

  assert.deepEqual(await ask(`${url}/items`), ["one"]);
  await running.line(/INFO: GET \/items 200 .*"lane":"thread"/);
  const before = await ask(`${url}/pid`);
  folder.write("items.ts", 'export const items = ["two"];\n');
  await running.line(/items\.ts changed: reloading/);
  await running.line(/reloaded in \d+ ms/);
  assert.deepEqual(await ask(`${url}/items`), ["two"]);
  assert.notEqual(await ask(`${url}/pid`), before);
  await stop(running);
});

test("offloop dev restarts when the file that settings reads changes, even if it is only created then", async () => {
  const folder = project(
    {
      "app.ts": `import { App, settings } from "offloop";
import { z } from "zod";
const env = settings({ NAME: z.string().default("nobody") }, { file: new URL("./.env", import.meta.url) });
const app = new App();
app.get("/name", async () => env.NAME);
export default app;
`,
    },
    ["zod"],
  );
  const running = dev(folder);
  const url = await addressOf(running);
  assert.equal(await ask(`${url}/name`), "nobody");
  for (const name of ["ada", "grace"]) {
    folder.write(".env", `NAME=${name}\n`);
    while ((await ask(`${url}/name`).catch(() => undefined)) !== name)
      await running.line(/\.env changed: reloading/);
  }
  await stop(running);
});

test("offloop dev: Ctrl-C reaches both processes at once and ends them once, with code 0", async () => {
  const running = dev(project());
  const url = await addressOf(running);
  await fetch(`${url}/report`);
  await running.line(/report begins/);
  process.kill((await ask(`${url}/pid`)) as number, "SIGINT");
  await stop(running);
  assert.ok(running.lines.includes("report ends"), running.lines.join("\n"));
});

test("offloop dev shows why an app cannot load, and starts it when it is fixed", async () => {
  const folder = project({ "items.ts": "export const items = [" });
  const running = dev(folder);
  await running.line(/^OFFLOOP_MODULE_FAILED: Cannot load .*app\.ts": it threw SyntaxError/);
  await running.line(/items\.ts:1/);
  await running.line(/ended \(code 1\) and starts again when one of its files changes/);
  folder.write("items.ts", 'export * from "./later.ts";\n');
  await running.line(/Cannot find module .*later\.ts/);
  folder.write("later.ts", 'export const items = ["late"];\n');
  assert.deepEqual(await ask(`${await addressOf(running)}/items`), ["late"]);
  await stop(running);
});

test("offloop dev says once where a module throws that fails in a thread only", async () => {
  for (const [throws, says, last] of [
    ['throw new Error("no database")', "no database", /^ {2}fix let the module/],
    ['app.get("nope", () => 1)', 'Cannot add an operation at "nope"', /^ {2}fix start it with "\/"/],
  ] as const) {
    const running = dev(
      project({
        "app.ts": `import { isMainThread } from "node:worker_threads";
import { App } from "offloop";
const app = new App();
if (!isMainThread) ${throws};
app.get("/", () => 1);
export default app;
`,
      }),
    );
    const ended = await running.line(/ended \(code 1\) and starts again/);
    const lines = running.lines.slice(0, running.lines.indexOf(ended));
    assert.ok(lines[0]?.startsWith(`OFFLOOP_THREAD_START: Cannot start thread 1: ${says}`), lines.join("\n"));
    assert.match(lines[1] ?? "", /^ {2}at .*app\.ts:4:\d+$/);
    assert.match(lines.at(-1) ?? "", last);
    assert.equal(lines.filter((line) => /^ {4}at /.test(line)).length, 0, lines.join("\n"));
    await stop(running);
  }
});

test("offloop dev stops an app that the guard refuses until it is fixed", async () => {
  const counting = shop.replace("() => items);", "() => {\n  hits++;\n  return hits;\n});\nlet hits = 0;");
  const folder = project({ "app.ts": counting });
  const running = dev(folder);
  await running.line(
    /^OFFLOOP_GUARD_STATE: Cannot run GET \/items on a thread: it increments or decrements "hits", and each thread has its own copy/,
  );
  assert.equal(await running.line(/^ {2}at .*app\.ts:8/), `  at ${folder.path("app.ts")}:8:3`);
  await running.line(/^ {2}fix keep it in a database/);
  await running.line(/starts again when one of its files changes/);
  folder.write("app.ts", shop);
  assert.deepEqual(await ask(`${await addressOf(running)}/items`), ["one"]);
  await stop(running);
});

test("offloop dev waits for a fix after the app has crashed", async () => {
  const folder = project();
  const running = dev(folder);
  const url = await addressOf(running);
  process.kill((await ask(`${url}/pid`)) as number, "SIGKILL");
  await running.line(/ended \(SIGKILL\) and starts again/);
  folder.write("items.ts", 'export const items = ["again"];\n');
  await running.line(/reloaded in/);
  assert.deepEqual(await ask(`${url}/items`), ["again"]);
  await stop(running);
});

test("offloop dev finishes background tasks before it reloads", async () => {
  const folder = project();
  const running = dev(folder);
  await fetch(`${await addressOf(running)}/report`);
  await running.line(/report begins/);
  folder.write("items.ts", 'export const items = ["two"];\n');
  await running.line(/reloaded in/);
  const at = (fits: RegExp): number => running.lines.findIndex((line) => fits.test(line));
  assert.ok(at(/report ends/) > at(/changed: reloading/));
  assert.ok(at(/report ends/) < at(/reloaded in/));
  await stop(running);
});

test("offloop dev reloads an app whose loop is blocked for good", async () => {
  const folder = project();
  const running = dev(folder);
  const url = await addressOf(running);
  const endless = fetch(`${url}/endless`).catch(() => "hung up");
  await running.line(/blocks for good/);
  folder.write("items.ts", 'export const items = ["two"];\n');
  await running.line(/the app did not end within \d+ ms and is killed/);
  await running.line(/reloaded in/);
  assert.equal(await endless, "hung up");
  assert.deepEqual(await ask(`${url}/items`), ["two"]);
  await stop(running);
});

test("offloop dev reloads at once while an inspector page is open", async () => {
  const folder = project();
  const running = dev(folder);
  const events = await fetch(`${await addressOf(running)}/_offloop/events`);
  assert.equal(events.status, 200);
  const ended = events.text().catch(() => "cut off");
  folder.write("items.ts", 'export const items = ["two"];\n');
  await running.line(/reloaded in/);
  await ended;
  assert.doesNotMatch(running.lines.join("\n"), /is killed|abandoned/);
  await stop(running);
});

test("offloop dev shows a browser the error of an operation", async () => {
  const running = dev(project());
  const url = await addressOf(running);
  const page = await fetch(`${url}/fails`, { headers: { accept: "text/html" } });
  assert.equal(page.status, 500);
  assert.match(await page.text(), /out of stock/);
  assert.deepEqual(await ask(`${url}/fails`), { detail: "Internal Server Error" });
  await stop(running);
});

test("offloop dev names the line inside a native call that blocked the loop", async () => {
  const folder = project();
  const running = dev(folder);
  await fetch(`${await addressOf(running)}/slow`);
  const line = await running.line(/WARN: event loop blocked/);
  const place = `${folder.path("app.ts")}:12`;
  assert.ok(line.includes(` by GET /slow at ${place}`), line);
  await stop(running);
});

test("offloop dev: what is wrong with the command line ends it with code 1", async () => {
  const fails = async (...args: string[]): Promise<string> => {
    const { code, output } = await offloop("dev", ...args).ended();
    assert.equal(code, 1, output);
    return output;
  };
  const app = project().path("app.ts");
  assert.match(await fails("no-such.ts"), /^OFFLOOP_MODULE_NOT_FOUND: .*\n {2}fix [^\n]*$/);
  assert.match(await fails(app, "--threads", "0"), /^OFFLOOP_OPTION_INVALID: Cannot use threads\.max/);
  assert.match(await fails(app, "--log-level", "loud"), /^OFFLOOP_OPTION_INVALID: Cannot use --log-level/);
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  assert.match(await fails(app, "--port", String(port)), /OFFLOOP_PORT_UNAVAILABLE: Cannot listen on/);
  holder.close();
});

/** What a debugger that attaches finds there: the scripts that run. */
async function debugged(address: string): Promise<{ title: string; webSocketDebuggerUrl: string }[]> {
  return (await (await fetch(`http://${address}/json/list`)).json()) as never;
}

test("offloop dev --inspect lets a debugger attach to the app, and a reload does not wait for it", async () => {
  const folder = project();
  const port = await freePort();
  const running = dev(folder, "--inspect", `127.0.0.1:${port}`);
  const url = await addressOf(running);
  const [target] = await debugged(`127.0.0.1:${port}`);
  assert.match(target?.title ?? "", /dev-process/);
  const debug = new WebSocket(target?.webSocketDebuggerUrl ?? "");
  await once(debug, "open");
  const asked = once(debug, "message");
  debug.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: "process.pid" } }));
  const [{ data }] = (await asked) as [MessageEvent<string>];
  assert.equal(JSON.parse(data).result.result.value, await ask(`${url}/pid`));
  folder.write("items.ts", 'export const items = ["two"];\n');
  await running.line(/reloaded in/);
  assert.deepEqual(await ask(`${url}/items`), ["two"]);
  assert.equal((await debugged(`127.0.0.1:${port}`)).length, 1);
  debug.close();
  await stop(running);
});
