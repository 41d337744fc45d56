import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends } from "offloop";
import app from "../fixtures/apps/endless-tasks.ts";
import { command, fixture, listening, offloop } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { running } from "../fixtures/running.ts";

/** How long the native call takes, which nothing ends. */
const NATIVE_S = 60;

test("close(): no thread, timer or socket is left, and nothing keeps the process", async () => {
  const { code, output } = await command([fixture("leaves-nothing.ts")]).ended();
  assert.match(output, /^left \[\]$/m);
  assert.equal(code, 0, output);
});

test("close(): a task that adds itself without end starves nobody, is abandoned by name, and stops", async () => {
  const server = await running(app, { accessLog: false });
  const client = createClient(server.url);
  const runs = async (): Promise<number> => Number((await client.ask("/runs")).body);
  assert.equal((await client.ask("/adds-itself")).status, 200);
  const first = await runs();
  await assertNextRequests(server.url);
  assert.ok((await runs()) > first);
  client.close();
  await server.close();
  assert.ok(
    server.log.some(({ msg }) =>
      /abandoned background tasks of GET \/adds-itself: .*not finished within 200 ms/.test(msg),
    ),
  );
  const again = await running(app, { accessLog: false });
  const after = await (await fetch(`${again.url}/runs`)).json();
  await assertNextRequests(again.url);
  assert.equal(await (await fetch(`${again.url}/runs`)).json(), after, "it no longer runs");
  await again.close();
});

test("close(): a dependency that never closes is abandoned by the name of its operation", async () => {
  const app = new App({ shutdownGraceMs: 200 });
  const open = depends(async function* () {
    yield null;
    await new Promise(() => {});
  });
  app.get("/open", { deps: { open } }, async () => "ok");
  const server = await running(app, { accessLog: false });
  assert.equal((await fetch(`${server.url}/open`)).status, 200);
  await server.close();
  const abandoned = server.log.map(({ msg }) => msg).filter((msg) => msg.includes("abandoned"));
  assert.deepEqual(abandoned, ["abandoned dependencies of GET /open: not closed within 200 ms"]);
});

test("SIGTERM ends the process although a thread is inside a native call that nothing can end", async () => {
  const running = offloop("run", fixture("endless-tasks.ts"), "--port", "0");
  fetch(`${await listening(running)}/native/${NATIVE_S}`).catch(() => {});
  await running.line(/native call started/);
  const start = performance.now();
  running.child.kill("SIGTERM");
  const { output } = await running.ended();
  assert.ok(performance.now() - start < (NATIVE_S * 1_000) / 2);
  assert.match(output, /abandoned 1 of GET \/native\/:seconds/);
});

test("a second signal ends the process at once although a thread is inside a native call", async () => {
  const running = offloop("run", fixture("endless-tasks.ts"), "--port", "0");
  fetch(`${await listening(running)}/native/${NATIVE_S}`).catch(() => {});
  await running.line(/native call started/);
  running.child.kill("SIGTERM");
  await running.line(/shutting down/);
  const start = performance.now();
  await running.insist("SIGTERM");
  assert.ok(performance.now() - start < (NATIVE_S * 1_000) / 2);
});
