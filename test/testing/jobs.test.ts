import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { App } from "offloop";
import { testClient } from "offloop/testing";
import { pino } from "pino";
import {
  app,
  asks,
  chain,
  changes,
  flaky,
  inOrder,
  nightly,
  reports,
  reportsLater,
  welcome,
} from "../fixtures/apps/tested-jobs.ts";
import { memoryLog } from "../fixtures/memory-log.ts";

test("client.jobs.enqueued() gives what was enqueued, on either lane, before anything ran", async () => {
  await using client = await testClient(app);
  await client.post("/users/ada");
  await client.post("/plain/bob");
  const jobs = client.jobs.enqueued(welcome);
  const args: [string][] = jobs.map((job) => job.args);
  assert.deepEqual(args, [["ada"], ["bob"]]);
  assert.equal((await app.jobs.get(jobs[0]?.id ?? ""))?.state, "waiting");
  assert.deepEqual(client.jobs.enqueued(chain), []);
});

test("client.jobs.drain() runs what is due, and what that enqueues", async () => {
  await using client = await testClient(app);
  const { id } = await chain.enqueue("eve");
  await client.jobs.drain();
  const inner = (await app.jobs.get(id))?.result ?? "";
  assert.equal((await app.jobs.get<string>(inner))?.result, "Welcome, eve");
});

test("client.jobs.mode inline has a job done when its enqueue resolves", async () => {
  await using client = await testClient(app);
  client.jobs.mode = "inline";
  const response = await client.post<{ id: string }>("/users/ada");
  assert.equal((await app.jobs.get((await response.json()).id))?.result, "Welcome, ada");
  const { id } = await chain.enqueue("eve");
  assert.equal((await app.jobs.get(id))?.state, "done");
});

test("client.jobs.mode inline has a job of enqueueSync run, also where the thread that waits is the only one", async () => {
  await using client = await testClient(app, { threads: { max: 1 } });
  client.jobs.mode = "inline";
  const response = await client.post<{ id: string }>("/plain/bob");
  const { id } = await response.json();
  await client.jobs.drain();
  assert.equal((await app.jobs.get(id))?.result, "Welcome, bob");
});

test("client.jobs.clock.advance() lets failed jobs be tried again, with their back-off", async () => {
  await using client = await testClient(app);
  const { id } = await flaky.enqueue();
  await client.jobs.drain();
  const state = async (): Promise<unknown[]> => {
    const job = await app.jobs.get(id);
    return [job?.state, job?.attempt];
  };
  assert.deepEqual(await state(), ["failed", 1]);
  await client.jobs.clock.advance(59_999);
  assert.deepEqual(await state(), ["failed", 1]);
  await client.jobs.clock.advance(1);
  assert.deepEqual(await state(), ["failed", 2]);
  await client.jobs.clock.advance(120_000);
  assert.deepEqual(await state(), ["done", 3]);
  const outcomes = (await app.jobs.attempts(id)).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes, ["failed", "failed", "done"]);
});

test("client.jobs.clock.advance() takes no time that is none, with which it would never end or never be right again", async () => {
  await using client = await testClient(app);
  const before = client.jobs.clock.now();
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1.5, "60000" as never])
    await assert.rejects(client.jobs.clock.advance(ms), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /^Cannot use the ms of clock\.advance\(\): .*\n {2}at .*jobs\.test\.ts:/,
    });
  assert.deepEqual(client.jobs.clock.now(), before);
});

test("client.jobs.clock.advance() runs a job of with({ at }) at that time, and not before", async () => {
  await using client = await testClient(app);
  const at = new Date(client.jobs.clock.now().getTime() + 60_000);
  const { id } = await welcome.with({ at }).enqueue("ada");
  await client.jobs.drain();
  await client.jobs.clock.advance(59_999);
  const waiting = await app.jobs.get(id);
  assert.deepEqual([waiting?.state, waiting?.runAt], ["waiting", at]);
  await client.jobs.clock.advance(1);
  assert.equal((await app.jobs.get(id))?.state, "done");
});

test("client.jobs.clock.advance() has each occurrence of a schedule, and no other", async () => {
  await using client = await testClient(app);
  await client.jobs.clock.advance(3 * 86_400_000);
  const done = await app.jobs.list({ task: "nightly", state: "done" });
  assert.equal(done.length, 3);
  assert.ok(done.every(({ runAt }) => berlinTime(runAt) === "03:00"));
  assert.equal((await app.jobs.list({ task: "nightly", state: "waiting" })).length, 1);
  assert.equal(nightly.name, "nightly");
});

test("client.jobs keeps keys, delays, priorities, order and cancellation as the engine does", async () => {
  await using client = await testClient(app);
  const first = await welcome.with({ key: "a", delayMs: 1_000 }).enqueue("late");
  assert.equal((await welcome.with({ key: "a" }).enqueue("late")).id, first.id);
  assert.equal(await app.jobs.cancel(first.id), true);
  for (const name of ["one", "bad", "two"]) await inOrder.enqueue(name);
  await client.jobs.drain();
  const states = (await app.jobs.list({ task: "inOrder" })).map(({ state }) => state).toReversed();
  assert.deepEqual(states, ["done", "dead", "waiting"]);
  await client.jobs.clock.advance(5_000);
  assert.equal((await app.jobs.get(first.id))?.state, "cancelled");
});

test("client.jobs gives a new attempt the arguments as they were stored, and no progress, as the engine does", async () => {
  await using client = await testClient(app);
  const { id } = await changes.enqueue(["a"]);
  await client.jobs.drain();
  await client.jobs.clock.advance(60_000);
  const job = await app.jobs.get(id);
  assert.deepEqual(job?.result, { list: ["a", 2], progress: null });
  job?.result?.list.push("mine");
  assert.deepEqual((await app.jobs.get(id))?.result?.list, ["a", 2]);
});

test("client.jobs with jobs.dir runs the same on the real engine", async () => {
  const dir = await mkdtemp(join(tmpdir(), "offloop-tested-"));
  try {
    await using client = await testClient(app, { jobs: { dir } });
    const { id } = await chain.enqueue("eve");
    assert.equal((await app.jobs.get(id))?.state, "waiting");
    await client.jobs.drain();
    assert.equal((await app.jobs.get((await app.jobs.get(id))?.result ?? ""))?.state, "done");
    await assert.rejects(client.jobs.clock.advance(1), { code: "OFFLOOP_OPTION_INVALID" });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("a test client that cannot keep a schedule leaves no database open", async () => {
  const dir = await mkdtemp(join(tmpdir(), "offloop-tested-"));
  try {
    const never = new App({ jobs: { dir } });
    never.task("never", { schedule: "every full moon" }, async () => {});
    // Were it open, its owner would be told of instead.
    for (let times = 0; times < 2; times++)
      await assert.rejects(testClient(never, { jobs: { dir } }), {
        code: "OFFLOOP_OPTION_INVALID",
        message: /"every full moon"/,
      });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("client.jobs of an app without durable tasks says so", async () => {
  await using client = await testClient(new App());
  assert.throws(() => client.jobs, { code: "OFFLOOP_TASK_NOT_DURABLE" });
});

function berlinTime(date: Date): string {
  return date.toLocaleTimeString("de", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
}

test("following a job tells how it goes on, whatever its follower does with what it was given", async () => {
  await using client = await testClient(app);
  const { id } = await welcome.enqueue("ada");
  const seen: string[] = [];
  for await (const job of app.jobs.follow(id)) {
    seen.push(job.state);
    Object.assign(job, { state: "done" });
    if (seen.length === 1) await client.jobs.drain();
  }
  assert.deepEqual(seen, ["waiting", "done"]);
});

test("following a job leaves no timer: not when the job ends, when its follower does, or when the client closes", async () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  const before = timers();
  const client = await testClient(app);
  const { id } = await welcome.enqueue("ada");
  const [left, waiting] = [app.jobs.follow(id), app.jobs.follow(id)].map((states) =>
    states[Symbol.asyncIterator](),
  );
  for (const states of [left, waiting]) assert.equal((await states?.next())?.value.state, "waiting");
  const nexts = [left?.next(), waiting?.next()];
  await left?.return?.();
  assert.equal((await nexts[0])?.done, true);
  await client.jobs.drain();
  assert.equal((await nexts[1])?.value.state, "done");
  assert.equal((await waiting?.next())?.done, true);
  const later = await welcome.with({ delayMs: 60_000 }).enqueue("eve");
  const never = app.jobs.follow(later.id)[Symbol.asyncIterator]();
  assert.equal((await never.next()).value.state, "waiting");
  const last = never.next();
  await client.close();
  assert.equal((await last).done, true);
  assert.equal(timers(), before);
});

test("job.progress() of more than 1 or less than 0 fails nothing: the log names the line that reports it, on either lane", async () => {
  const { logger, find, clear } = memoryLog();
  await using client = await testClient(app, { logger });
  for (const task of [reports, reportsLater]) {
    for (const [value, shown] of [
      [49, 1],
      [-0.1, 0],
      [Number.NaN, undefined],
    ] as const) {
      const { id } = await task.enqueue(String(value) === "NaN" ? ("NaN" as unknown as number) : value);
      await client.jobs.drain();
      const job = await app.jobs.get(id);
      assert.deepEqual([job?.state, job?.progress], ["done", shown]);
      assert.match(await find(/job\.progress/), /expected a number of 0-1, got .* at \S+tested-jobs\.ts:\d+/);
      clear();
    }
    for (const value of [0.1 + 0.7 + 0.2000000000000001, 1.002]) {
      const { id } = await task.enqueue(value);
      await client.jobs.drain();
      assert.equal((await app.jobs.get(id))?.progress, 1);
    }
    assert.equal(await Promise.race([find(/job\.progress/), "no warning"]), "no warning");
  }
});

test("app.jobs on a thread says which function is plain, and what to do", async () => {
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push(line) });
  await using client = await testClient(app, { logger });
  assert.equal((await client.get("/plain/jobs/any")).status, 500);
  const errors = lines.map((line) => JSON.parse(line).err);
  assert.deepEqual(
    errors.flatMap((one) => one?.code ?? []),
    ["OFFLOOP_JOBS_LANE"],
  );
  const said = errors.map((one) => one?.message ?? "").join("\n");
  assert.match(
    said,
    /^Cannot use app\.jobs in GET \/plain\/jobs\/\*: it runs on a thread\n {2}at .*tested-jobs\.ts:\d+:\d+\n {2}fix make the function async, without `runs`, so that it runs on the loop$/m,
  );
  const { id } = await asks.enqueue();
  await client.jobs.drain();
  const error = (await app.jobs.get(id))?.error;
  assert.match(error?.message ?? "", /^Cannot use app\.jobs in task "asks": it runs on a thread/);
});

test("clock.advance() tries a failed job of an ordered task again, though the next of its key waits", async () => {
  const app = new App();
  const ran: string[] = [];
  const ordered = app.task("ordered", { durable: { ordered: true, retries: 1 } }, async (name: string) => {
    ran.push(name);
    if (ran.length === 1) throw new Error("the first attempt fails");
  });
  await using client = await testClient(app, { logger: memoryLog().logger });
  await ordered.with({ key: "k" }).enqueue("first");
  await ordered.with({ key: "k" }).enqueue("second");
  await client.jobs.drain();
  assert.deepEqual(ran, ["first"]);
  await client.jobs.clock.advance(60_000);
  assert.deepEqual(ran, ["first", "first", "second"]);
});
