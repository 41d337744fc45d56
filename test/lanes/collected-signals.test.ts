import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { App } from "offloop";
import { testClient } from "offloop/testing";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What nobody keeps is garbage after this: whatever a turn has looked at is kept until its end. */
async function collected(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await nextTurn();
    collect();
  }
}

/** Resolves when a signal is found to be aborted, by one that looks now and then as the documentation's examples do. */
async function foundAborted(signal: AbortSignal): Promise<unknown> {
  while (!signal.aborted) await collected();
  return signal.reason;
}

test("the deadline of a job's async function reaches one that polls its signal, whatever was garbage", {
  timeout: 20_000,
}, async () => {
  const found = Promise.withResolvers<unknown>();
  const app = new App();
  const polls = app.task("polls", { durable: { retries: 0 }, deps: {}, timeoutMs: 100 }, async ({ signal }) =>
    found.resolve(await foundAborted(signal)),
  );
  await using client = await testClient(app);
  const { id } = await polls.enqueue();
  await client.jobs.drain();
  assert.equal((await app.jobs.get(id))?.state, "dead");
  assert.equal(((await found.promise) as DOMException).name, "TimeoutError");
});

test("a cancellation reaches one that polls its signal, too, and one that listens to a composite of it", {
  timeout: 20_000,
}, async () => {
  const begun = Promise.withResolvers<void>();
  const found = Promise.withResolvers<unknown>();
  const app = new App();
  const polls = app.task("polls", { durable: true, deps: {}, timeoutMs: 60_000 }, async ({ signal }) => {
    const own = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
    const heard = new Promise<void>((resolve) => own.addEventListener("abort", () => resolve()));
    await collected();
    begun.resolve();
    found.resolve(await foundAborted(signal));
    await heard;
  });
  await using client = await testClient(app);
  const { id } = await polls.enqueue();
  const drained = client.jobs.drain();
  await begun.promise;
  assert.equal(await app.jobs.cancel(id), true);
  await drained;
  assert.match(String(await found.promise), /the job was cancelled/);
});

test("a closed connection reaches what a message has started, although the message was handled long ago", {
  timeout: 20_000,
}, async () => {
  const found = Promise.withResolvers<unknown>();
  const app = new App();
  app.websocket("/socket", {
    message: async ({ signal }) => {
      // From here on only `signal` is kept.
      setImmediate(async () => found.resolve(await foundAborted(signal)));
      return "started";
    },
  });
  await using client = await testClient(app);
  const socket = await client.websocket("/socket");
  socket.send("start");
  assert.equal(await socket.receive(), "started");
  await collected();
  socket.close();
  assert.ok((await found.promise) instanceof Error);
});
