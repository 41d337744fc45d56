import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { test } from "node:test";
import type { ServerSettings } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
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

/** The kernel's numbers of `SCHED_OTHER` and `SCHED_IDLE`. */
const [USUAL, IDLE] = [0, 5];
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

test('threads.priority: with "idle", threads run when nothing else wants the core', { skip }, async () => {
  assert.deepEqual(await ask({ priority: "idle" }), [process0, 19, 19]);
  const client = await testClient(app, { threads: { max: 1, priority: "idle" } });
  try {
    const policies = ["/loop-policy", "/thread-policy"].map(async (path) => (await client.get(path)).json());
    assert.deepEqual(await Promise.all(policies), [USUAL, IDLE]);
  } finally {
    await client.close();
  }
});

test('threads.priority: "idle" without chrt warns, and threads get 19', { skip }, async (t) => {
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = tmpdir();
  const { logger, find } = memoryLog();
  const client = await testClient(app, { threads: { max: 1, priority: "idle" }, logger });
  assert.equal(await (await client.get("/thread")).json(), 19);
  await client.close();
  assert.match(await find(/chrt/), /not on the PATH.*util-linux/);
});

test("threads.priority: an invalid one is refused where the app is served", async () => {
  for (const priority of [-1, 20, 1.5, "low" as "idle"])
    await assert.rejects(ask({ priority }), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /threads\.priority.* 0-19 or "idle"/,
    });
});
