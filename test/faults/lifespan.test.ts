import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServeOptions } from "offloop";
import app, { CLOSED, CLOSED_SECOND, held, OPENED, OPENED_SECOND } from "../fixtures/apps/lifespans.ts";
import { createClient } from "../fixtures/client.ts";
import { journal } from "../fixtures/journal.ts";
import { type Running, running } from "../fixtures/running.ts";

const ALL = [OPENED, OPENED_SECOND, CLOSED_SECOND, CLOSED];

/** What each thread wrote, in its order. */
function byThread(): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const { what, threadId } of journal.lines())
    found.set(threadId, [...(found.get(threadId) ?? []), what]);
  return found;
}

async function withFullPool(options: ServeOptions, body: (server: Running) => Promise<void>): Promise<void> {
  journal.clear();
  held.reset();
  const server = await running(app, { accessLog: false, ...options });
  const client = createClient(server.url);
  const asked = Array.from({ length: 6 }, () => client.ask("/hold"));
  await held.arrived(3);
  held.open();
  await Promise.all(asked);
  client.close();
  await body(server);
}

test("lifespan: each thread opens and closes its own once, in order and in reverse", async () => {
  await withFullPool({}, (server) => server.close());
  const threads = byThread();
  assert.ok(threads.size >= 3);
  assert.equal(threads.get(0), undefined, "not on the main thread");
  for (const [thread, lines] of threads) assert.deepEqual(lines, ALL, `thread ${thread}`);
});

test("lifespan: a thread that idles closes its own when it leaves", async () => {
  await withFullPool({ threads: { idleMs: 50 } }, async (server) => {
    while (server.threads.threads > 1) await fetch(server.url);
    assert.equal(journal.lines().filter(({ what }) => what === CLOSED).length, byThread().size - 1);
    await server.close();
  });
  for (const lines of byThread().values()) assert.deepEqual(lines, ALL);
});

test("lifespan: a thread that dies closes nothing, and the one in its place opens its own", async () => {
  await withFullPool({}, async (server) => {
    assert.equal((await fetch(`${server.url}/exit`)).status, 500);
    await fetch(`${server.url}/hold`);
    await server.close();
  });
  const lives = [...byThread().values()];
  assert.deepEqual(
    lives.filter((lines) => lines.length !== ALL.length),
    [[OPENED, OPENED_SECOND]],
  );
});
