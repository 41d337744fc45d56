import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { testClient } from "offloop/testing";
import { journal } from "../fixtures/journal.ts";
import { lanes } from "../fixtures/running.ts";
import app, { BODY_CLOSED, DEPENDENCY_CLOSED, TASK_RAN } from "../fixtures/unread-app.ts";

beforeEach(() => journal.clear());

const lines = (): number[] => journal.lines().map(({ what }) => what);

const closedBy: Readonly<Record<string, readonly number[]>> = {
  stream: [BODY_CLOSED, TASK_RAN, DEPENDENCY_CLOSED],
  file: [TASK_RAN, DEPENDENCY_CLOSED],
};

for (const lane of lanes)
  for (const [path, all] of Object.entries(closedBy)) {
    test(`close() ends a body that the test has not read, like a client that leaves: ${path} [${lane}]`, async () => {
      const client = await testClient(app);
      const { status } = await client.get(`/${lane}/${path}`);
      await client.close();
      assert.equal(status, 200);
      assert.deepEqual(lines().sort(), [...all].sort());
    });

    for (const socket of [false, true]) {
      const which = `${path} [${lane}]${socket ? ", through a socket" : ""}`;

      test(`cancel() of a body is a client that leaves: ${which}`, async () => {
        await using client = await testClient(app, { socket });
        const { body } = await client.get(`/${lane}/${path}`);
        await body?.cancel();
        await journal.written(all.length);
        assert.deepEqual(lines().sort(), [...all].sort());
      });
    }
  }

for (const lane of lanes)
  test(`close() ends a body of which the test has read a part [${lane}]`, async () => {
    const client = await testClient(app);
    const { body } = await client.get(`/${lane}/stream`);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await client.close();
    assert.ok(lines().includes(BODY_CLOSED));
    assert.ok(lines().includes(DEPENDENCY_CLOSED));
  });
