import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { App } from "offloop";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobsPlace } from "../../src/jobs/postgres/engine-setup.ts";
import type { JobRef } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { JobLoop } from "../../src/jobs/worker/loop.ts";
import { attemptLanes } from "../../src/lanes/attempts.ts";
import { slowFor } from "../fixtures/database-proxies.ts";
import { withoutPostgres } from "../fixtures/databases.ts";
import { noEvents } from "../fixtures/job-workers.ts";

const PLACES = 4;
const UNREAD = 'Cannot run a job of task "task": its stored arguments could not be read';
/** How much of an answer arrives over the slow link. */
const MOST_BYTES = 65_536;

const app = new App();
app.task("task", { durable: { retries: 1 } }, async (..._args: unknown[]) => {});
const tasks = runnableTasks(app);

interface Opened {
  readonly engine: Engine;
  readonly loop: JobLoop;
}

async function open(on: AsyncDisposableStack, place: JobsPlace): Promise<Opened> {
  const engine = await Engine.open({
    ...{ place, schema: "offloop", tasks: jobTasks(tasks), maxConnections: 4, statementMs: 1_000 },
    onError: () => {},
  });
  on.defer(() => engine.close());
  const loop = new JobLoop({
    ...{ store: engine, tasks, cancelGraceMs: 1_000, events: noEvents },
    lanes: attemptLanes({ loop: PLACES, thread: 1 }, async ({ task, args }) => task.fn(...args)),
  });
  return { engine, loop };
}

async function openEmbedded(on: AsyncDisposableStack): Promise<Opened> {
  const dir = await mkdtemp(join(tmpdir(), "offloop-jobs-"));
  on.defer(() => rm(dir, { recursive: true, force: true }));
  return open(on, { dir });
}

/** Adds a job between others. */
async function addBetween(engine: Engine, args: readonly unknown[]): Promise<JobRef> {
  const add = (own: readonly unknown[]): Promise<string> =>
    engine.add({ task: "task", uuid: newUuid(), payload: { args: own } });
  await add(["before"]);
  const uuid = await add(args);
  for (let index = 0; index < PLACES; index++) await add(["after"]);
  return { task: "task", uuid };
}

/** Runs all jobs to their end. Instead of waiting for the back-off of the one, retries it. */
async function runAll({ engine, loop }: Opened, job: JobRef): Promise<void> {
  for (let looks = 0; ; looks++) {
    assert.ok(looks < 50, "it is tried for ever, or never");
    const isDrained = await loop.drain();
    const state = await stateOf(engine, job);
    if (state === "retry") await engine.retry(job);
    else if (state === "failed" && isDrained) break;
  }
  const { rows } = await engine.sql.executeSql(
    "select state, count(*)::int from offloop.job group by state order by state",
  );
  assert.deepEqual(rows, [
    { state: "completed", count: PLACES + 1 },
    { state: "failed", count: 1 },
  ]);
}

/** By SQL, which leaves its arguments out. */
async function stateOf(engine: Engine, { uuid }: JobRef): Promise<string> {
  const { rows } = await engine.sql.executeSql("select state from offloop.job where id = $1", [uuid]);
  return rows[0].state;
}

/** The list has the job, and says why its arguments are not there; the others have theirs. */
async function isListed(engine: Engine, job: JobRef, why: RegExp): Promise<void> {
  const listed = await engine.list({ limit: 10 });
  assert.equal(listed.length, PLACES + 2);
  for (const { uuid, args, unread } of listed) {
    if (uuid !== job.uuid) assert.deepEqual([args.length, unread], [1, undefined]);
    else assert.match(unread ?? "", why);
  }
}

async function failuresOf(engine: Engine, job: JobRef): Promise<unknown[]> {
  return (await engine.attempts(job)).map(({ outcome, error }) => [outcome, error?.message.split("\n")[0]]);
}

test("a job whose arguments do not arrive in time fails, is dead after its retries, and the others run", {
  skip: withoutPostgres(),
  timeout: 120_000,
}, async () => {
  await using on = new AsyncDisposableStack();
  const server = (await startPostgres()) as DatabaseServer;
  on.defer(() => server.stop());
  const opened = await open(on, { url: on.use(await slowFor(server.url, MOST_BYTES)).url });
  const job = await addBetween(opened.engine, ["a".repeat(2 * MOST_BYTES)]);
  await isListed(opened.engine, job, /^Query read timeout$/);
  const { state, args, unread } = (await opened.engine.find(job)) ?? {};
  assert.deepEqual([state, args, unread], ["waiting", [], "Query read timeout"]);
  await runAll(opened, job);
  const failure = ["failed", `${UNREAD}: Query read timeout`];
  assert.deepEqual(await failuresOf(opened.engine, job), [failure, failure]);
});

test("a job whose arguments are too large for the memory of the database fails, is dead after its retries, and the others run", {
  timeout: 120_000,
}, async () => {
  await using on = new AsyncDisposableStack();
  const opened = await openEmbedded(on);
  const job = await addBetween(opened.engine, []);
  await opened.engine.sql.executeSql(
    "update offloop.job set data = jsonb_build_object('args', array[repeat(chr(1), 100000000)]) where id = $1",
    [job.uuid],
  );
  await isListed(opened.engine, job, /^out of memory$/);
  await runAll(opened, job);
  const failure = ["failed", `${UNREAD}: out of memory`];
  assert.deepEqual(await failuresOf(opened.engine, job), [failure, failure]);
});

test("a job that another program has sent without arguments is dead at once, is listed, and the others run", {
  timeout: 60_000,
}, async () => {
  await using on = new AsyncDisposableStack();
  const opened = await openEmbedded(on);
  const job = await addBetween(opened.engine, []);
  await opened.engine.sql.executeSql("update offloop.job set data = null where id = $1", [job.uuid]);
  assert.deepEqual((await opened.engine.find(job))?.args, []);
  await runAll(opened, job);
  const why = `${UNREAD}: they are not stored as offloop stores them`;
  assert.deepEqual(await failuresOf(opened.engine, job), [["dead", why]]);
});
