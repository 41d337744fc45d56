import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { App } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";

/** What nobody handled while something ran. */
async function unhandled(run: () => Promise<void>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const listener = (reason: unknown): void => void reasons.push(reason);
  process.prependListener("unhandledRejection", listener);
  try {
    await run();
    await setImmediate();
  } finally {
    process.off("unhandledRejection", listener);
  }
  return reasons;
}

test("send() that nobody awaits is nobody's error when the client has left", async () => {
  const closed = Promise.withResolvers<unknown>();
  const app = new App();
  app.websocket("/ticks", {
    message: async () => {},
    close: async ({ socket }) => {
      void socket.send("tick");
      closed.resolve(await socket.send("tock").catch((error: Error) => error.name));
    },
  });
  await using client = await testClient(app);
  const reasons = await unhandled(async () => {
    const socket = await client.websocket("/ticks");
    await socket.close();
    assert.equal(await closed.promise, "AbortError", "who awaits it learns of it");
  });
  assert.deepEqual(reasons, []);
});

test("send() tells who awaits it of a message that does not fit", async () => {
  const app = new App();
  app.websocket("/sums", { send: z.object({ sum: z.int() }) }, async ({ socket }) => {
    const unfit = { sum: "many" } as unknown as { sum: number };
    const code = await socket.send(unfit).then(
      () => "sent",
      (error: { code?: string }) => error.code,
    );
    socket.close(3000, code);
  });
  await using client = await testClient(app);
  const socket = await client.websocket("/sums");
  assert.deepEqual(await socket.closed, { code: 3000, reason: "OFFLOOP_RESPONSE_INVALID" });
});
