import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ServerSettings } from "offloop";
import { testClient } from "offloop/testing";
import { pino } from "pino";
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

test('threads.priority: with "idle", a thread loads the app at 10, so that full cores do not keep it from starting', {
  skip,
}, async () => {
  const client = await testClient(app, { threads: { max: 1, priority: "idle" } });
  try {
    assert.deepEqual(await (await client.get("/at-load")).json(), [Math.max(process0, 10), USUAL]);
  } finally {
    await client.close();
  }
});

/** Asks with this search path. Returns the nice value of a thread, its policy, and the lines about `chrt`. */
async function askWithPath(t: TestContext, path: string | undefined): Promise<[unknown, unknown, string[]]> {
  const before = process.env.PATH;
  t.after(() => {
    process.env.PATH = before;
  });
  if (path === undefined) delete process.env.PATH;
  else process.env.PATH = path;
  const lines: string[] = [];
  const logger = pino(
    {},
    { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const client = await testClient(app, { threads: { max: 2, min: 2, priority: "idle" }, logger });
  const nice = await (await client.get("/thread")).json();
  const policy = await (await client.get("/thread-policy")).json();
  await client.close();
  return [nice, policy, lines.filter((line) => line.includes("chrt"))];
}

test('threads.priority: "idle" without chrt warns once, and threads get 19', { skip }, async (t) => {
  const [nice, policy, warnings] = await askWithPath(t, tmpdir());
  assert.deepEqual([nice, policy, warnings.length], [19, USUAL, 1]);
  assert.match(warnings[0] as string, /not on the PATH.*util-linux/);
});

test('threads.priority: "idle" with a chrt that fails warns, and says how it failed', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "offloop-chrt-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "chrt"), "#!/bin/sh\necho 'failed to set policy' >&2\nexit 1\n", {
    mode: 0o755,
  });
  const [nice, policy, warnings] = await askWithPath(t, folder);
  assert.deepEqual([nice, policy, warnings.length], [19, USUAL, 1]);
  assert.match(warnings[0] as string, /chrt failed: failed to set policy/);
});

test('threads.priority: "idle" with a chrt that never ends warns, and threads start', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "offloop-chrt-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "chrt"), "#!/bin/sh\nwhile :; do :; done\n", { mode: 0o755 });
  const [nice, , warnings] = await askWithPath(t, folder);
  assert.deepEqual([nice, warnings.length], [19, 1]);
});

test('threads.priority: "idle" without a PATH finds chrt where the system looks then', {
  skip,
}, async (t) => {
  const [nice, policy, warnings] = await askWithPath(t, undefined);
  assert.deepEqual([nice, policy, warnings], [19, IDLE, []]);
});

test("threads.priority: an invalid one is refused where the app is served", async () => {
  for (const priority of [-1, 20, 1.5, "low" as "idle"])
    await assert.rejects(ask({ priority }), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /threads\.priority.* 0 to 19 or "idle"/,
    });
});
