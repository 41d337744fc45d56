import assert from "node:assert/strict";
import { test } from "node:test";
import { App, type FastifyPlugin } from "offloop";
import { testClient } from "offloop/testing";
import { appFolder } from "../fixtures/app-folder.ts";
import { command, fixture, listening, offloop, offloopWith } from "../fixtures/cli.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { running } from "../fixtures/running.ts";

test("SIGTERM: a task that its handler did not await fails with its thread: that is logged, lifespans close, exit code 0", async () => {
  const run = offloop("run", fixture("closes-badly.ts"), "--port", "0");
  await fetch(`${await listening(run)}/forgets-its-task`);
  await run.line(/task started/);
  run.child.kill("SIGTERM");
  const { code, output } = await run.ended();
  assert.match(output, /a promise that nobody awaits was rejected: Cannot finish task endless/);
  assert.match(output, /lifespan closed/);
  assert.equal(code, 0, output);
});

test("close(): what rejects as the last thread ends is logged, too", async () => {
  const folder = appFolder({
    "app.ts": `import { isMainThread } from "node:worker_threads";
import { App, serve } from "offloop";
const app = new App();
const endless = app.task("endless", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
app.get("/", async () => void endless());
if (isMainThread) {
  const server = await serve(app, { port: 0 });
  while (server.threads.busy === 0) await fetch(server.url);
  await server.close();
  console.log("closed");
}
export default app;
`,
  });
  const { code, output } = await command([folder.path("app.ts")]).ended();
  assert.match(output, /a promise that nobody awaits was rejected: Cannot finish task endless/);
  assert.match(output, /closed/);
  assert.equal(code, 0, output);
});

test("SIGTERM: a plugin that fails to close is logged, lifespans close nevertheless, exit code 1", async () => {
  const run = offloopWith({ CLOSES_BADLY: "plugin" }, "run", fixture("closes-badly.ts"), "--port", "0");
  await fetch(`${await listening(run)}/forgets-its-task`);
  await run.line(/task started/);
  run.child.kill("SIGTERM");
  const { code, output } = await run.ended();
  assert.match(output, /lifespan closed/);
  assert.match(output, /the plugin cannot close.*shutting down failed/);
  assert.equal(code, 1, output);
});

for (const workers of [[], ["--workers", "2"]])
  test(`SIGTERM: a lifespan that fails to close is logged, the others close, exit code 1 ${workers.join(" ")}`, async () => {
    const bad = { CLOSES_BADLY: "lifespan" };
    const run = offloopWith(bad, "run", fixture("closes-badly.ts"), "--port", "0", ...workers);
    await listening(run);
    run.child.kill("SIGTERM");
    const { code, output } = await run.ended();
    assert.match(output, /a lifespan failed to close: the lifespan cannot close/);
    assert.match(output, /lifespan closed/);
    assert.match(output, /shut down, but not everything could be closed/);
    assert.equal(code, 1, output);
  });

interface Failing {
  readonly app: App;
  /** What has been closed, in order. */
  readonly closed: string[];
}

/** An app with a lifespan, a thread, and a plugin that cannot close. */
function failing(): Failing {
  const closed: string[] = [];
  const app = new App();
  app.lifespan(async function* () {
    yield;
    closed.push("lifespan");
  });
  app.register((async (fastify) => {
    fastify.addHook("onClose", async () => {
      closed.push("plugin");
      throw new Error("the plugin cannot close");
    });
  }) satisfies FastifyPlugin<unknown>);
  return { app, closed };
}

test("close() rejects with what a plugin threw, once everything else is closed", async () => {
  const { app, closed } = failing();
  const server = await running(app);
  await assert.rejects(server.close(), /the plugin cannot close/);
  assert.deepEqual(closed, ["plugin", "lifespan"]);
  await assert.rejects(fetch(server.url));
});

test("testClient: close() rejects with what a plugin threw, once everything else is closed", async () => {
  const { app, closed } = failing();
  const client = await testClient(app);
  await assert.rejects(client.close(), /the plugin cannot close/);
  assert.deepEqual(closed, ["plugin", "lifespan"]);
});

test("serve() rejects with what kept it from opening, not with what then fails to close", async () => {
  const { app, closed } = failing();
  app.register(async () => {
    throw new Error("no such database");
  });
  const { logger, find } = memoryLog();
  await assert.rejects(running(app, { logger }), /no such database/);
  assert.deepEqual(closed, ["plugin", "lifespan"]);
  await find(/a plugin failed to close/);
});

test("close() ends a lifespan that yields a second time, and the log says where it is declared", async () => {
  const app = new App();
  const steps: string[] = [];
  app.lifespan(async function* () {
    try {
      yield;
      steps.push("begins to close");
      yield;
      steps.push("never comes to this");
    } finally {
      steps.push("closed");
    }
  });
  const { logger, find } = memoryLog();
  await (await running(app, { logger })).close();
  assert.deepEqual(steps, ["begins to close", "closed"]);
  assert.match(
    await find(/a lifespan failed to close/),
    /: Cannot close a lifespan: it yielded a second time\n {2}at .*failing-close\.test\.ts:\d+/,
  );
});
