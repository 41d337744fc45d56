import assert from "node:assert/strict";
import { test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app, { asking, open } from "../fixtures/one-permit-app.ts";

/** The request whose turn with the permit comes last waits for it inside its thread, and keeps the thread busy. */
async function withPermitHeld(
  hold: (client: TestClient) => Promise<() => Promise<unknown>>,
  path: string,
): Promise<void> {
  asking.reset();
  open.task = Promise.withResolvers();
  open.between = Promise.withResolvers();
  await using client = await testClient(app);
  const letGo = await hold(client);
  const asked = asking.count;
  const waiting = client.get(path);
  await asking.arrived(asked + 1);
  await letGo();
  assert.equal(await (await waiting).text(), '"permit"');
}

for (const path of ["/permit", "/permit-awaited"]) {
  const timeout = 60_000;

  test(
    `a call that awaits what an answered request still holds in its thread gets it: ${path}`,
    {
      timeout,
    },
    () =>
      withPermitHeld(async (client) => {
        assert.equal((await client.get("/after-a-task")).status, 200);
        return async () => open.task.resolve();
      }, path),
  );

  test(`a stream goes on in its thread while a call there awaits what it holds: ${path}`, { timeout }, () =>
    withPermitHeld(async (client) => {
      const { body } = await client.get("/stream");
      const reader = (body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      return async () => {
        while (!(await reader.read()).done);
      };
    }, path),
  );

  test(
    `a request on the loop gets what it needs from a thread whose call awaits what it holds: ${path}`,
    {
      timeout,
    },
    () =>
      withPermitHeld(async (client) => {
        const answered = client.get("/from-the-loop");
        await asking.arrived(1);
        return async () => {
          open.between.resolve();
          assert.equal(await (await answered).text(), '"first, second"');
        };
      }, path),
  );
}
