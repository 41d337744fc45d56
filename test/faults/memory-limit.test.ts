import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { littleMemory, type MemoryRoom } from "../../src/http/lifecycle/memory-room.ts";
import { appFolder } from "../fixtures/app-folder.ts";
import { type Command, fixture, grouped, listening } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";

const MIB = 2 ** 20;

/** Makes a control group with so much memory; undefined where this user may not. */
function memoryGroup(t: TestContext, mib: number): string | undefined {
  const isSecond = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const folder = `/sys/fs/cgroup/${isSecond ? "" : "memory/"}offloop-test-${process.pid}`;
  try {
    mkdirSync(folder);
    t.after(() => rmdirSync(folder));
    writeFileSync(`${folder}/${isSecond ? "memory.max" : "memory.limit_in_bytes"}`, String(mib * MIB));
    return folder;
  } catch {
    return undefined;
  }
}

function runIn(group: string, environment: Record<string, string>): Command {
  return grouped(group, environment, "run", fixture("full-heap.ts"), "--port", "0", "--no-access-log");
}

test("in a container where a full heap would end the process, the log says so, and its fix keeps that to the call", async (t) => {
  const group = memoryGroup(t, 288);
  if (group === undefined) return t.skip("no control group can be made: needs Linux and root");
  const warned = runIn(group, {});
  const line = await warned.line(/OFFLOOP_MEMORY_LIMIT/);
  warned.child.kill("SIGTERM");
  await warned.ended();
  const [, old] = /maxOldGenerationSizeMb: (\d+)/.exec(line) ?? [];
  assert.ok(old, line);
  const fixed = runIn(group, { OLD_MIB: old });
  t.after(() => fixed.child.kill("SIGKILL"));
  const client = createClient(await listening(fixed));
  t.after(() => client.close());
  assert.equal((await client.ask("/fill")).status, 500);
  assert.equal((await client.ask("/")).status, 200);
  fixed.child.kill("SIGTERM");
  const { code, output } = await fixed.ended();
  assert.equal(code, 0);
  assert.doesNotMatch(output, /OFFLOOP_MEMORY_LIMIT/);
});

test("in a container, the log says of a worker that the kernel has killed it, and of one that somebody else has, that it was not offloop", async (t) => {
  const group = memoryGroup(t, 400);
  if (group === undefined) return t.skip("no control group can be made: needs Linux and root");
  const app = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App();
app.get("/pid", async () => process.pid);
app.get("/grow", async () => {
  for (const all: Buffer[] = []; ; ) all.push(Buffer.alloc(2 ** 24, 1));
});
export default app;
`,
  });
  const run = grouped(group, {}, "run", app.path("app.ts"), "--port", "0", "--workers", "1");
  t.after(() => run.child.kill("SIGKILL"));
  const url = await listening(run);
  const pid: number = await (await fetch(`${url}/pid`)).json();
  process.kill(pid, "SIGKILL");
  await run.line(
    new RegExp(
      `worker ${pid} died \\(SIGKILL, not sent by offloop; if nobody sent it, memory ran out: give .*--workers\\)`,
    ),
  );
  const again = await run.line(new RegExp(`listens on (?!${url})`)); // on another port: no worker held the first
  await assert.rejects(fetch(`${/http:[\d./:]+/.exec(again)?.[0]}/grow`));
  await run.line(/worker \d+ died \(SIGKILL by the kernel, since memory ran out: give .*--workers\)/);
  run.child.kill("SIGTERM");
  await run.ended();
});

test("in a container, no more threads start by default than half of its memory holds, unless more are to be there", (t) => {
  const group = memoryGroup(t, 192);
  if (group === undefined) return t.skip("no control group can be made: needs Linux and root");
  assert.deepEqual(defaultThreads(group, [{}, { min: 4 }, { max: 7 }], {}), [2, 4, 7]);
  assert.deepEqual(defaultThreads(group, [{}], { OFFLOOP_SUPERVISED: "2", NODE_UNIQUE_ID: "1" }), [1]);
});

/** `threads.max` of these settings in a process of that control group. */
function defaultThreads(group: string, settings: object[], environment: Record<string, string>): number[] {
  const module = new URL("../../src/app/settings/thread-settings.ts", import.meta.url);
  const script = `import { resolveThreads } from "${module}";
    console.log(JSON.stringify(${JSON.stringify(settings)}.map((threads) => resolveThreads(threads).max)));
    process.disconnect?.();`;
  const join = `echo $$ > ${group}/cgroup.procs; exec "$@"`;
  const args = ["-c", join, "sh", process.execPath, "--input-type=module", "--eval", script];
  const { stdout, stderr } = spawnSync("sh", args, {
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout) as number[];
}

test("there is room for one full heap beside all threads, or the fix says how many and how large a heap, if any", () => {
  const message = (room: MemoryRoom): string | undefined => littleMemory(room)?.message;
  const all = {
    limit: 512,
    heap: 259,
    used: 85,
    workers: 1,
    started: 7,
    threads: { min: 1, max: 6, reserve: 1 },
  };
  assert.equal(message(all), undefined);
  assert.match(
    message({ ...all, started: 1 }) ?? "",
    /259 MiB, but 85 MiB of this container's 512 MiB are in use, and 6 more threads may take 25 MiB each, .*\n {2}fix set threads: \{ resourceLimits: \{ maxOldGenerationSizeMb: 176, .* or raise the memory limit to 549 MiB/,
  );
  const many = { ...all, started: 1, threads: { min: 1, max: 64, reserve: 1 } };
  assert.match(message(many) ?? "", /fix set threads: \{ max: 6, resourceLimits/);
  assert.match(
    message({ ...many, threads: { ...many.threads, min: 9 } }) ?? "",
    /fix set threads: \{ max: 8, resourceLimits/,
    "as many as are to be there",
  );
  assert.match(
    message({ ...all, limit: 600, heap: 348, used: 255 }) ?? "",
    /348 MiB, but 255 MiB of this container's 600 MiB are in use, so .*\n.*maxOldGenerationSizeMb: 231, .* or raise the memory limit to 670 MiB/,
  );
  assert.match(
    message({ ...all, limit: 128, started: 1, threads: { min: 1, max: 1, reserve: 1 } }) ?? "",
    /\n {2}fix raise the memory limit to 410 MiB/,
  );
  assert.match(
    message({ ...all, limit: 160, used: 85 }) ?? "",
    /\n {2}fix raise the memory limit/,
    "where all threads run, the heap would be too small to work in",
  );
});

test("with what the fix names, the next start does not warn, also if a little more is in use then", () => {
  const room = { heap: 259, used: 92, workers: 1, started: 1 };
  for (const { max, ...container } of [
    { limit: 256, used: 83, max: 3 },
    { limit: 512, max: 64 },
    { limit: 1_024, heap: 560, max: 12 },
    { limit: 600, used: 250, workers: 2, max: 6 },
  ]) {
    const before = { ...room, ...container, threads: { min: 1, max, reserve: 1 } };
    const fix = littleMemory(before)?.fix ?? "";
    const old = Number(/maxOldGenerationSizeMb: (\d+)/.exec(fix)?.[1]);
    const threads = { ...before.threads, max: Number(/max: (\d+)/.exec(fix)?.[1] ?? max) };
    const fixed = { ...before, threads, heap: old + 1.5 * 16 };
    assert.equal(littleMemory({ ...fixed, used: before.used + before.limit / 25 }), undefined, fix);
  }
});
