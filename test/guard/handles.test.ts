import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { App, type Dependency, depends, OffloopError } from "offloop";
import { testClient } from "offloop/testing";
import { guard } from "../../src/guard/guard.ts";

class Store {
  readonly rows: string[] = [];
}
class OutOfStock extends Error {}

const database = depends(function* () {
  const opened = new DatabaseSync(":memory:");
  yield opened;
  opened.close();
});
const store = depends(() => new Store());

function openStore(): Store {
  const opened = new Store();
  opened.rows.push("first");
  return opened;
}
const opened = depends(function* () {
  const handle = openStore();
  yield handle;
});

/** The subjects that are refused for what they receive. */
function refused(app: App): string[] {
  const found = guard(app).filter(({ code }) => code === "OFFLOOP_DEPENDENCY_LANE");
  for (const { severity } of found) assert.equal(severity, "refused");
  return found.map(({ subject }) => subject);
}

test("testClient() refuses an async operation that receives a plain dependency's handle", async () => {
  const app = new App();
  app.get("/notes", { deps: { database } }, async ({ database }) => database.isOpen);
  await assert.rejects(testClient(app), (error) => {
    assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_DEPENDENCY_LANE");
    assert.match(
      error.message,
      /^Cannot serve GET \/notes: it runs on the event loop and receives database from a thread, and an instance of DatabaseSync cannot leave its thread/,
    );
    assert.match(String(error.fix), /^remove "async" from the operation/);
    return true;
  });
});

test("guard() refuses a handle for tasks and async dependencies, and one of a class of the same file", () => {
  const app = new App();
  const rows = depends({ deps: { store } }, async function readRows({ store }) {
    return store.rows;
  });
  app.get("/rows", { deps: { rows } }, async ({ rows }) => rows);
  app.get("/renamed", { deps: { store } }, async ({ store: own }) => own.rows);
  app.get("/opened", { deps: { opened } }, async ({ opened }) => opened.rows);
  app.task("sweep", { deps: { database } }, async ({ database }) => database.isOpen);
  assert.deepEqual(refused(app), ["GET /renamed", "GET /opened", 'task "sweep"', 'dependency "readRows"']);
});

test("guard() leaves alone a handle that stays on its thread, or that a function may not need", () => {
  const app = new App();
  const count = depends({ deps: { store } }, ({ store }) => store.rows.length);
  app.get("/plain", { deps: { database } }, ({ database }) => database.isOpen);
  app.get("/made", { deps: { count } }, async ({ count }) => count);
  app.get("/thread", { runs: "thread", deps: { store } }, async ({ store }) => store.rows);
  app.get("/unused", { deps: { store, count } }, async ({ count }) => count);
  app.get("/context", { deps: { store } }, async (context) => context.request.url);
  assert.deepEqual(refused(app), []);
});

test("guard() leaves alone values that cross, and those that the code does not show", () => {
  const app = new App();
  const values: Record<string, Dependency> = {
    dates: depends(() => new Date()),
    maps: depends(() => new Map()),
    errors: depends(() => new OutOfStock()),
    either: depends(({ request }) => (request.url === "" ? new Store() : "none")),
    several: depends(({ request }) => {
      if (request.url === "") return new Store();
      return "none";
    }),
    onLoop: depends({ runs: "loop" }, () => new Store()),
    shared: depends(() => new Store(), { scope: "app" }),
  };
  app.get("/", { deps: values }, async ({ dates, maps, errors, either, several, onLoop, shared }) => [
    ...[dates, maps, errors, either, several, onLoop, shared],
  ]);
  assert.deepEqual(refused(app), []);
});

test("guard() leaves alone a dependency that the app replaces", () => {
  const app = new App();
  app.get("/", { deps: { store } }, async ({ store }) => store.rows);
  app.override(store, { rows: [] });
  assert.deepEqual(refused(app), []);
});
