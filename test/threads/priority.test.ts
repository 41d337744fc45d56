import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { getPriority } from "node:os";
import { test } from "node:test";
import type { ServerSettings } from "offloop";
import { testClient } from "offloop/testing";
import app from "../fixtures/priority-app.ts";

const skip = existsSync("/proc/thread-self") ? false : "the system has no priorities of threads";

async function ask(threads: NonNullable<ServerSettings["threads"]>): Promise<number[]> {
  const client = await testClient(app, { threads: { max: 1, ...threads } });
  try {
    const replies = ["/loop", "/thread", "/child"].map(
      async (path) => await (await client.get<number>(path)).json(),
    );
    return await Promise.all(replies);
  } finally {
    await client.close();
  }
}

const process0 = getPriority();

test("threads.priority: threads and the processes they start yield by 10; the loop does not", {
  skip,
}, async () => {
  const back = Math.max(10, process0);
  assert.deepEqual(await ask({}), [process0, back, back]);
});

test("threads.priority: 0 leaves threads as the process is, 19 puts them last", { skip }, async () => {
  assert.deepEqual(await ask({ priority: 0 }), [process0, process0, process0]);
  assert.deepEqual(await ask({ priority: 19 }), [process0, 19, 19]);
});

test("threads.priority: an invalid nice value is refused where the app is served", async () => {
  for (const priority of [-1, 20, 1.5])
    await assert.rejects(ask({ priority }), { code: "OFFLOOP_OPTION_INVALID", message: /threads\.priority/ });
});
