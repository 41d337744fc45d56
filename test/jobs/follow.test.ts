import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { Job, JobId } from "offloop";
import WebSocket from "ws";
import app from "../fixtures/apps/follows.ts";
import { openSocket, type RawSocket } from "../fixtures/raw-socket.ts";
import { type Running, running } from "../fixtures/running.ts";

const folder = await mkdtemp(join(tmpdir(), "offloop-follow-"));
let server: Running;
let id: JobId;

before(async () => {
  server = await running(app, { jobs: { dir: join(folder, "jobs") } });
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** A job that does not change while a test runs. */
beforeEach(async () => {
  id = (await (await fetch(`${server.url}/jobs`, { method: "POST" })).json()) as JobId;
});

/** What those who followed the job say in the log. */
function said(path: string): string[] {
  const about = server.log.find(({ url }) => url === `${path}/${id}`)?.reqId;
  return server.log.filter(({ reqId }) => reqId === about).map(({ msg }) => msg);
}

async function ask(path: string): Promise<RawSocket> {
  const client = await openSocket(server.url);
  client.send(`GET ${path}/${id} HTTP/1.1\r\nhost: a\r\nx-request-id: ${path.slice(1)}\r\n\r\n`);
  await server.logged(({ msg, reqId }) => msg === "waiting" && reqId === path.slice(1));
  return client;
}

for (const path of ["/events", "/lines"])
  test(`follow() in a stream ends with its client, though the job does not change: ${path}`, async () => {
    const { socket } = await ask(path);
    socket.destroy();
    await server.logged(({ msg, reqId }) => msg === "closed" && reqId === path.slice(1));
    assert.equal((await app.jobs.get(id))?.state, "waiting");
    assert.ok(!said(path).includes("unchanged"));
    assert.deepEqual(
      server.log.filter(({ level }) => level >= 50),
      [],
    );
  });

test("follow() with the signal of a handler ends with its client", async () => {
  const { socket } = await ask("/answer");
  socket.destroy();
  await server.logged(({ msg, reqId }) => msg === "closed" && reqId === "answer");
  assert.deepEqual(
    server.log.filter(({ level }) => level >= 50),
    [],
  );
});

test("follow() with the signal of a socket ends with it", async () => {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/socket/${id}`, {
    headers: { "x-request-id": "socket" },
  });
  await once(socket, "message");
  socket.terminate();
  await server.logged(({ msg, reqId }) => msg === "closed" && reqId === "socket");
  assert.deepEqual(
    server.log.filter(({ level }) => level >= 50),
    [],
  );
});

test("follow() with a signal rejects with its reason, while it waits, between steps and from the start", async () => {
  const reason = new Error("enough");
  const aborting = new AbortController();
  const waits = app.jobs.follow(id, { signal: aborting.signal })[Symbol.asyncIterator]();
  const between = app.jobs.follow(id, { signal: aborting.signal })[Symbol.asyncIterator]();
  for (const following of [waits, between])
    assert.equal(((await following.next()).value as Job).state, "waiting");
  const pending = assert.rejects(waits.next(), reason);
  aborting.abort(reason);
  await pending;
  await assert.rejects(between.next(), reason);
  assert.equal((await waits.next()).done, true);
  await assert.rejects(app.jobs.follow(id, { signal: AbortSignal.abort() })[Symbol.asyncIterator]().next(), {
    name: "AbortError",
  });
});

test("follow() with a signal that does not abort goes on until the job has ended", async () => {
  const { signal } = new AbortController();
  const seen: string[] = [];
  for await (const { state } of app.jobs.follow(id, { signal })) {
    seen.push(state);
    if (state === "waiting") await app.jobs.cancel(id);
  }
  assert.deepEqual(seen, ["waiting", "cancelled"]);
});

test("follow() refuses what is no signal, and a signal that is not in an object", () => {
  for (const wrong of [{ signal: "soon" }, AbortSignal.abort()])
    assert.throws(() => app.jobs.follow(id, wrong as never), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /expected \{ signal \} with an AbortSignal/,
    });
});
