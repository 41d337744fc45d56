import assert from "node:assert/strict";
import { test } from "node:test";
import { App, type Dependencies, type Dependency, depends, type OffloopError, Router } from "offloop";
import { override, testClient } from "offloop/testing";
import { z } from "zod";
import { RequestContext } from "../../src/operation/context.ts";

const refused =
  (code: string, pattern: RegExp) =>
  (error: unknown): boolean =>
    (error as OffloopError).code === code && pattern.test((error as Error).message);

async function open(app: App): Promise<void> {
  await using _ = await testClient(app);
}

test("deps: every name that the context itself has is refused, except that of the session", () => {
  const own = Object.keys(new RequestContext("GET /", {} as never, {} as never));
  const inherited = [RequestContext, Object.getPrototypeOf(RequestContext) as typeof RequestContext].flatMap(
    ({ prototype }) => Object.getOwnPropertyNames(prototype),
  );
  const names = new Set([...own, ...inherited]);
  assert.ok(names.delete("session") && names.has("log") && names.has("params"));
  for (const name of names)
    assert.throws(
      () => new App().get("/", { deps: { [name]: depends(async () => 1) } }, async () => 1),
      refused("OFFLOOP_DEPENDENCY_INVALID", new RegExp(`"${name}"`)),
    );
  const job = depends(async () => 1);
  assert.throws(
    () => new App().task("t", { deps: { job } }, async () => {}),
    refused("OFFLOOP_DEPENDENCY_INVALID", /"job"/),
  );
  new App().get("/", { deps: { job } }, async ({ job }) => job);
});

test("plan: a cycle is refused at start-up with its chain", async () => {
  const needed: Record<string, Dependency> = {};
  const first = depends({ deps: needed as Dependencies }, async () => {});
  const second = depends({ deps: { first } }, async () => {});
  needed.second = second;
  const app = new App();
  const outer = depends({ deps: { first } }, async () => {});
  app.get("/", { deps: { outer } }, async () => 1);
  await assert.rejects(
    open(app),
    refused(
      "OFFLOOP_DEPENDENCY_CYCLE",
      /other: first > second > first\n.*\(the first of them: .*plan\.test\.ts/,
    ),
  );
});

test("plan: an async operation may not receive what a thread keeps, but what is made of it", async () => {
  const db = depends(() => new Map(), { scope: "thread" });
  const size = depends({ deps: { db } }, ({ db }) => db.size);
  const app = new App();
  app.get("/items", { deps: { size, db } }, async () => 1);
  const refusal = refused("OFFLOOP_DEPENDENCY_LANE", /GET \/items: it is async and receives db, .*"thread"/);
  await assert.rejects(open(app), refusal);
  const router = new Router({ deps: { db } });
  router.get("/plain", ({ db }) => db.size);
  router.get("/async", async () => 1);
  const routed = new App();
  routed.include(router);
  const unused =
    /GET \/async: it is async and receives db[\s\S]*\n {2}fix leave db out of its deps, since it never takes it: if its router declares db for all, move it to the operations that use it$/;
  await assert.rejects(open(routed), refused("OFFLOOP_DEPENDENCY_LANE", unused));
  const taken = new App();
  taken.get("/items", { deps: { db } }, async ({ db }) => db.size);
  await assert.rejects(open(taken), refused("OFFLOOP_DEPENDENCY_LANE", /\n {2}fix remove "async" from/));
  const socket = new App();
  socket.websocket("/items", { deps: { db } }, async ({ db, socket }) => socket.send(String(db.size)));
  await assert.rejects(open(socket), refused("OFFLOOP_DEPENDENCY_LANE", /\n {2}fix remove "async" from/));
  const inner = depends({ deps: { db } }, async ({ db }) => db.size);
  const other = new App();
  other.get("/items", { deps: { inner } }, async () => 1);
  await assert.rejects(open(other), refused("OFFLOOP_DEPENDENCY_LANE", /receives inner > db/));
});

test("plan: a plain generator may run on the loop", async () => {
  const onLoop = depends(
    function* () {
      yield 2;
    },
    { runs: "loop" },
  );
  const app = new App();
  app.get("/", { deps: { onLoop } }, async ({ onLoop }) => onLoop);
  await using client = await testClient(app);
  assert.equal(await (await client.get("/")).json(), 2);
});

test("plan: a dependency may only read names that the path has", async () => {
  const item = depends({ params: { item_id: z.int() } }, async ({ params }) => params.item_id);
  const app = new App();
  app.get("/items", { deps: { item } }, async () => 1);
  await assert.rejects(open(app), refused("OFFLOOP_PATH_INVALID", /no :item_id/));
});

test("depends() refuses anything but a function, a scope it cannot keep, and a record of anything else", () => {
  const short = depends(async () => 1);
  const early = depends(async () => 1, { scope: "function" });
  assert.throws(() => depends("x" as never), refused("OFFLOOP_HANDLER_INVALID", /expected a function/));
  assert.throws(
    () => depends({ scope: "app", deps: { short } }, async () => 1),
    refused("OFFLOOP_DEPENDENCY_SCOPE", /"app".*"short" of the scope "request", which closes earlier/),
  );
  assert.throws(
    () => depends({ scope: "thread", query: { q: z.string() } }, async () => 1),
    refused("OFFLOOP_DEPENDENCY_SCOPE", /reads a request/),
  );
  assert.throws(
    () =>
      depends({ deps: { early } }, async function* () {
        yield 1;
      }),
    refused("OFFLOOP_DEPENDENCY_SCOPE", /"early"/),
  );
  assert.throws(
    () => depends({ scope: "for ever" as never }, async () => 1),
    refused("OFFLOOP_OPTION_INVALID", /for ever/),
  );
  const app = new App();
  assert.throws(
    () => app.get("/", { deps: { body: short } }, async () => 1),
    refused("OFFLOOP_DEPENDENCY_INVALID", /"body"/),
  );
  assert.throws(
    () => app.get("/", { deps: { db: (() => 1) as never } }, async () => 1),
    refused("OFFLOOP_DEPENDENCY_INVALID", /got function/),
  );
  assert.throws(
    () => app.post("/", { body: z.string(), form: { a: z.string() } }, async () => 1),
    refused("OFFLOOP_FORM_AND_BODY", /a body and a form/),
  );
});

test("override(): a function on the loop", async () => {
  const user = depends(async () => "real");
  const app = new App();
  app.get("/", { deps: { user } }, async ({ user }) => user);
  const fake = depends({ query: { as: z.string() } }, ({ query }) => `fake ${query.as}`);
  await using client = await testClient(app, { overrides: [override(user, fake)] });
  assert.equal(await (await client.get("/?as=ada")).json(), "fake ada");
});

test("app scope: closed when the app is", async () => {
  const closed: string[] = [];
  const outer = depends(
    async function* () {
      yield 1;
      closed.push("outer");
    },
    { scope: "app" },
  );
  const inner = depends({ scope: "app", deps: { outer } }, async function* ({ outer }) {
    yield outer + 1;
    closed.push("inner");
  });
  const app = new App();
  app.get("/", { deps: { inner } }, async ({ inner }) => inner);
  const client = await testClient(app);
  assert.equal(await (await client.get("/")).json(), 2);
  await client.close();
  assert.deepEqual(closed, ["inner", "outer"]);
});
