import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openTasks, serve } from "offloop";
import { testClient } from "offloop/testing";
import early from "../fixtures/early-tasks-app.ts";
import { events } from "../fixtures/event-log.ts";
import late, { door, doubled } from "../fixtures/late-call-app.ts";
import { running } from "../fixtures/running.ts";
import app, { hash } from "../fixtures/tasks-app.ts";

beforeEach(() => events.clear());

test("lifespan: a task that it calls opens its thread then, not before", async () => {
  const server = await running(app, { accessLog: false });
  assert.deepEqual(events.read().slice(0, 3), ["migrate", "thread opens", "first! on a thread"]);
  assert.equal(await (await fetch(`${server.url}/hash`)).json(), "later!");
  await server.close();
  await assert.rejects(hash("after"), { code: "OFFLOOP_NOT_SERVING" });
});

test("lifespan: an async task that it calls has its plain dependencies made on a thread, as later", async () => {
  const server = await running(early, { accessLog: false });
  for (const [path, name] of [
    ["/seeded", "first"],
    ["/seed", "later"],
  ]) {
    const { madeOn, ...rest } = (await (await fetch(server.url + path)).json()) as Record<string, unknown>;
    assert.deepEqual(rest, { name, ranOn: 0 });
    assert.notEqual(madeOn, 0);
  }
  await server.close();
});

test("lifespan: a task that it calls and leaves runs, though the server is ready before its thread", async () => {
  door.reset();
  const server = await running(late, { accessLog: false });
  assert.equal(await (await fetch(`${server.url}/double`)).json(), 2);
  door.open();
  assert.equal(await doubled, 42);
  await server.close();
});

test("openTasks(): tasks are called on a thread without a server, until it is closed", async () => {
  {
    await using _ = await openTasks(app);
    assert.deepEqual(events.read(), [], "no thread before one is needed");
    const { hashed, thread } = await hash("script");
    assert.equal(hashed, "script!");
    assert.notEqual(thread, 0);
    assert.deepEqual(events.read(), ["thread opens"], "the lifespans of each thread, not the main one's");
  }
  await assert.rejects(hash("after"), { code: "OFFLOOP_NOT_SERVING" });
});

test("openTasks(): an option that does not exist is refused", async () => {
  await assert.rejects(openTasks(app, { modul: "x" } as never), { code: "OFFLOOP_OPTION_UNKNOWN" });
});

test("openTasks(), serve() and testClient() refuse a module that is not the URL of a file, before any thread looks for it", async () => {
  for (const module of ["app.ts", import.meta.filename, "https://shop.example/app.js", 5 as never]) {
    const refused = {
      code: "OFFLOOP_OPTION_INVALID",
      message: /^Cannot use module: expected the URL of a file, got .*\n {2}at .*task-threads\.test\.ts:/,
    };
    await assert.rejects(openTasks(app, { module }), refused);
    await assert.rejects(serve(app, { port: 0, module }), refused);
    await assert.rejects(testClient(app, { module }), refused);
  }
  await assert.rejects(openTasks(undefined as never), { code: "OFFLOOP_OPTION_INVALID" });
  await assert.rejects(testClient(new URL("https://shop.example/app.js")), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /^Cannot use module: expected the URL of a file, got "https:\/\/shop\.example\/app\.js"/,
  });
});
