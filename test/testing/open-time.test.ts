import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "offloop/testing";
import type { OffloopError } from "../../src/errors/offloop-error.ts";
import { OpenTime } from "../../src/testing/open-time.ts";
import app from "../fixtures/tested-app.ts";

const at = { file: "orders.test.ts", line: 3, column: 7 };

test("a client that is left open says so, with the place and what to do", async () => {
  const { promise: forgotten, resolve } = Promise.withResolvers<OffloopError>();
  const openTime = new OpenTime(at, resolve, 20);
  await openTime.use("GET /", async () => {});
  // The timer keeps no process alive, which a client that is open does.
  const open = setInterval(() => {}, 1_000);
  const { code, message } = await forgotten;
  clearInterval(open);
  assert.equal(code, "OFFLOOP_TEST_CLIENT");
  assert.match(
    message,
    /^Cannot end the process while a test client is open: .* 20 ms\n {2}at orders\.test\.ts:3:7\n {2}fix close it .*await using/,
  );
});

test("it says so only once, also when it is used again", async () => {
  let said = 0;
  let next = Promise.withResolvers<void>();
  const openTime = new OpenTime(
    at,
    () => {
      said++;
      next.resolve();
    },
    20,
  );
  const open = setInterval(() => {}, 1_000);
  await next.promise;
  next = Promise.withResolvers();
  await openTime.use("GET /", async () => {});
  // Another one begins later, and so is due later.
  const later = new OpenTime(at, () => next.resolve(), 20);
  await next.promise;
  clearInterval(open);
  later.end();
  openTime.end();
  assert.equal(said, 1);
});

for (const socket of [false, true])
  test(`what is sent after close() is refused, with the place where the client was opened${socket ? " [socket]" : ""}`, async () => {
    const client = await testClient(app, { socket });
    const closing = client.close();
    const refused = {
      code: "OFFLOOP_TEST_CLIENT",
      message: /^Cannot send .*: the test client is closed\n {2}at test\/testing\/open-time\.test\.ts:\d+:/,
    };
    await assert.rejects(client.get("/loop/sent"), refused);
    await closing;
    await assert.rejects(client.get("/loop/sent"), refused);
    await assert.rejects(client.websocket("/echo"), refused);
  });
