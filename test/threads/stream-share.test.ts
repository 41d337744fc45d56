import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ServeOptions } from "offloop";
import { type Running, running } from "../fixtures/running.ts";
import app, { CHUNKS, calls, chunks, held, SLOW_CHUNKS } from "../fixtures/stream-share-app.ts";

let server: Running;

beforeEach(() => {
  for (const gate of [calls, chunks, held]) gate.reset();
});
afterEach(async () => {
  held.open();
  await server.close();
});

async function start(threads: NonNullable<ServeOptions["threads"]>): Promise<void> {
  server = await running(app, { accessLog: false, threads });
}

const ask = async (path: string): Promise<number> => Number(await (await fetch(server.url + path)).text());

/** A stream that has begun, and waits for its client. */
async function begun(): Promise<{ readonly thread: number; readonly rest: () => Promise<string> }> {
  const { body } = await fetch(`${server.url}/begun`);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    text += decoder.decode(value);
    return done;
  };
  while (!text.includes(" ")) await read();
  const rest = async (): Promise<string> => {
    while (!(await read()));
    return text.trim().split(/\s+/).at(-1) as string;
  };
  return { thread: Number.parseInt(text, 10), rest };
}

for (const max of [1, 2])
  test(`a stream has its share of ${max} threads that calls keep busy, whatever the size of its chunks`, async () => {
    await start({ max, min: max, reserve: 0 });
    let isOver = false;
    const others = Array.from({ length: 4 * max }, async () => {
      while (!isOver) await ask("/call");
    });
    await calls.arrived(max);
    const streamed = await fetch(`${server.url}/computed`);
    await chunks.arrived(1);
    const before = calls.count;
    await streamed.arrayBuffer();
    const beside = calls.count - before;
    isOver = true;
    await Promise.all(others);
    assert.equal(chunks.count, CHUNKS);
    assert.ok(
      beside <= (CHUNKS * max) / 5,
      `${beside} calls of 100 ms began while ${CHUNKS} chunks were made`,
    );
  });

test("a call comes between the chunks of two streams that compute on the pool's only thread", async () => {
  await start({ max: 1, min: 1, reserve: 0 });
  const streamed = [fetch(`${server.url}/slow`), fetch(`${server.url}/slow`)];
  await chunks.arrived(2);
  for (let call = 0; call < 3; call++) await ask("/where");
  assert.ok(chunks.count < SLOW_CHUNKS, `${chunks.count} chunks were made before three calls`);
  for (const stream of streamed) assert.equal((await (await stream).text()).length, SLOW_CHUNKS);
});

test("two streams that compute end, though calls never stop to wait for their only thread", async () => {
  await start({ max: 1, min: 1, reserve: 0 });
  let isOver = false;
  const others = Array.from({ length: 4 }, async () => {
    while (!isOver) await ask("/call");
  });
  await calls.arrived(1);
  const streamed = [fetch(`${server.url}/computed`), fetch(`${server.url}/computed`)];
  for (const stream of streamed) await (await stream).arrayBuffer();
  isOver = true;
  await Promise.all(others);
  assert.equal(chunks.count, 2 * CHUNKS);
});

test("a thread takes calls while its stream awaits the next chunk", async () => {
  await start({ max: 1, min: 1, reserve: 0 });
  const streamed = await fetch(`${server.url}/silent`);
  await chunks.arrived(1);
  assert.ok((await ask("/where")) > 0);
  assert.ok((await ask("/where")) > 0);
  held.arrive();
  assert.equal(await streamed.text(), "first last");
});

test("a call is taken back from a thread whose stream has begun to compute, and goes to another", async () => {
  await start({ max: 2, min: 2, reserve: 0 });
  const woken = await fetch(`${server.url}/woken`);
  await chunks.arrived(1);
  const silent = [fetch(`${server.url}/silent`), fetch(`${server.url}/silent`)];
  await chunks.arrived(3);
  calls.arrive();
  await held.arrived(1);
  assert.ok((await ask("/where")) > 0);
  held.open();
  for (const stream of [woken, ...(await Promise.all(silent))])
    assert.equal(await stream.text(), "first last");
});

/** Waits until as many threads have loaded the app. */
async function ready(threads: number): Promise<void> {
  while (server.threads.threads < threads) await fetch(`${server.url}/nope`);
}

test("calls go to threads without streams, though one with an open stream was used last", async () => {
  await start({ max: 4, min: 3, reserve: 0 });
  const { thread, rest } = await begun();
  const asked = [ask("/held"), ask("/held")];
  await held.arrived(2);
  assert.equal(await rest(), "last");
  held.open();
  for (const other of await Promise.all(asked)) assert.notEqual(other, thread);
});

test("beside threads with open streams another is kept for calls", async () => {
  await start({ max: 4, min: 1, reserve: 0 });
  const first = await begun();
  await ready(2);
  const free = await ask("/where");
  assert.notEqual(free, first.thread);
  const second = await begun();
  assert.equal(second.thread, free);
  await ready(3);
  assert.ok(![first.thread, second.thread].includes(await ask("/where")));
  for (const { rest } of [first, second]) assert.equal(await rest(), "last");
});

test("a call that ends its thread leaves streams of other threads alone", async () => {
  await start({ max: 2, min: 2, reserve: 0 });
  const { rest } = await begun();
  assert.equal((await fetch(`${server.url}/exits`)).status, 500);
  assert.equal(await rest(), "last");
});

test("a call is given to a thread with a stream where no other may be started", async () => {
  await start({ max: 1, min: 1, reserve: 0 });
  const { thread, rest } = await begun();
  assert.equal(await ask("/where"), thread);
  assert.equal(await rest(), "last");
});
