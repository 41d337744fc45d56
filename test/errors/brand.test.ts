import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as offloop from "offloop";
import { override, testClient } from "offloop/testing";
import { appFolder } from "../fixtures/app-folder.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let other: typeof offloop;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "offloop-copy-"));
  cpSync(join(repository, "src"), join(folder, "src"), { recursive: true });
  cpSync(join(repository, "package.json"), join(folder, "package.json"));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  other = (await import(pathToFileURL(join(folder, "src/index.ts")).href)) as typeof offloop;
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The error names both copies. */
function namesBoth(error: unknown): boolean {
  assert.ok(error instanceof offloop.OffloopError, String(error));
  assert.equal(error.code, "OFFLOOP_TWO_COPIES");
  assert.ok(error.message.includes(join(folder, "src")), error.message);
  assert.ok(error.message.includes(join(repository, "src")), error.message);
  return true;
}

test("another copy's app, router, dependency and task are refused by what they are", async () => {
  const app = new offloop.App();
  const router = new other.Router() as unknown as offloop.Router;
  const foreign = new other.App() as unknown as offloop.App;
  const db = other.depends(async () => 1) as unknown as offloop.Dependency<number>;
  assert.throws(() => app.include(router), namesBoth);
  assert.throws(() => app.mount("/sub", foreign), namesBoth);
  assert.throws(() => app.get("/", { deps: { db } }, async () => 1), namesBoth);
  assert.throws(() => override(db, 1), namesBoth);
  await assert.rejects(offloop.serve(foreign), namesBoth);
  await assert.rejects(testClient(foreign), namesBoth);
});

test("another copy's reply, error and task in an operation are a 500 whose log names both", async () => {
  const app = new offloop.App();
  const foreign = new other.App();
  const task = foreign.task("mine", async () => {});
  const awaited = foreign.task("awaited", () => 1);
  const stored = foreign.task("stored", { durable: true }, () => 1);
  app.get("/reply", async () => other.text("hello"));
  app.get("/error", async () => {
    throw new other.HTTPError(404);
  });
  app.get("/task", async ({ background }) => background.add(task));
  app.get("/awaited", async () => awaited());
  app.get("/stored", async () => stored.enqueue());
  const logged: string[] = [];
  const { pino } = await import("pino");
  const logger = pino({ level: "error" }, { write: (line: string) => void logged.push(line) });
  await using client = await testClient(app, { logger });
  for (const path of ["/reply", "/error", "/task", "/awaited", "/stored"]) {
    const response = await client.get(path);
    assert.deepEqual([response.status, await response.json()], [500, { detail: "Internal Server Error" }]);
    assert.match(logged.join(""), /OFFLOOP_TWO_COPIES.*pnpm why -r offloop/);
    for (const copy of [folder, repository]) assert.ok(logged.join("").includes(join(copy, "src")), path);
    logged.length = 0;
  }
});

test("the log of another copy's error says what it was and where it was thrown, on both lanes", async () => {
  const thrown = `const other = await import(${JSON.stringify(pathToFileURL(join(folder, "src/index.ts")).href)});
import { App } from "offloop";
export const app = new App();
app.get("/loop", async () => {
  throw new other.HTTPError(404, "no tea");
});
app.get("/thread", () => {
  throw new other.HTTPError(404, "no tea");
});
`;
  const app = appFolder({ "app.ts": thrown });
  const logged: string[] = [];
  const { pino } = await import("pino");
  const logger = pino({ level: "error" }, { write: (line: string) => void logged.push(line) });
  await using client = await testClient(pathToFileURL(app.path("app.ts")), { logger });
  for (const [lane, line] of [
    ["loop", 5],
    ["thread", 8],
  ]) {
    assert.equal((await client.get(`/${lane}`)).status, 500);
    assert.match(
      logged.splice(0).join(""),
      new RegExp(`OFFLOOP_TWO_COPIES.*no tea.*app\\.ts:${line}:`),
      `${lane}`,
    );
  }
});

test("a task of this copy that nothing serves says so, while another copy serves nothing", async () => {
  const task = new other.App().task("resize", () => 1);
  await assert.rejects(task(), { code: "OFFLOOP_NOT_SERVING" });
});

test("anything that is neither an app nor a router is refused as such", async () => {
  const app = new offloop.App();
  for (const given of [undefined, null, {}, "app", () => {}]) {
    const isRefused = ({ code }: offloop.OffloopError): boolean => code === "OFFLOOP_OPTION_INVALID";
    assert.throws(() => app.include(given as never), isRefused);
    await assert.rejects(offloop.serve(given as never), isRefused);
  }
});
