import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { App } from "offloop";
import pg from "pg";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobStore } from "../../src/jobs/store.ts";
import { JobLoop } from "../../src/jobs/worker/loop.ts";
import { attemptLanes } from "../../src/lanes/attempts.ts";
import { restarted } from "../fixtures/database-proxies.ts";
import { backends, jobTask, storeWith } from "../fixtures/job-engines.ts";
import { noEvents } from "../fixtures/job-workers.ts";

const [, postgres] = backends;
const onPostgres = { skip: postgres?.skip ?? false, timeout: 60_000 };

/** Every commit that records an attempt waits for this lock. */
const LOCK = 7;
const waitsForLock = `
  create function offloop.wait() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(${LOCK}); return null; end $$;
  create constraint trigger wait after insert on offloop.job_attempt deferrable initially deferred
    for each row execute function offloop.wait()`;

test("jobs are taken although the database goes away with the answer to the commit", onPostgres, async () => {
  assert.ok(postgres);
  await using place = await postgres.start();
  assert.ok("url" in place.place);
  const tasks = [jobTask("task", { retries: 0 })];
  const direct = await place.open(tasks);
  const uuid = randomUUID();
  await direct.add({ task: "task", uuid, payload: { args: [] } });
  await using database = await restarted(place.place.url);
  const options = { schema: "offloop", tasks, maxConnections: 4, onError: () => {} };
  const engine = await Engine.open({ place: { url: database.url }, ...options });
  const client = new pg.Client(place.place.url);
  await client.connect();
  await client.query(waitsForLock);
  await client.query(`select pg_advisory_lock(${LOCK})`);
  const seen = async (what: string): Promise<void> => {
    while ((await client.query(what)).rowCount === 0);
  };

  const taking = engine.take("task", 1);
  await seen("select from pg_stat_activity where wait_event = 'advisory'");
  await database.stop();
  await client.query(`select pg_advisory_unlock(${LOCK})`);
  await seen("select from offloop.job where state = 'active'");
  await database.start();
  assert.deepEqual(
    (await taking).map((job) => job.uuid),
    [uuid],
  );
  await engine.close();
  await client.end();
});

const app = new App();
app.task("late", { durable: { retries: 0 } }, async () => {});
const tasks = runnableTasks(app);

/** An engine whose first answer to a take comes when the jobs may be given to others. */
function answersLate(engine: Engine, passLong: () => void): JobStore {
  let isFirst = true;
  const take: JobStore["take"] = async (...args) => {
    const jobs = await engine.take(...args);
    if (isFirst) passLong();
    isFirst = false;
    return jobs;
  };
  return storeWith(engine, { take });
}

test(
  "jobs that were taken so long ago that others may be given them are put back first, which costs no attempt",
  onPostgres,
  async (t) => {
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open(jobTasks(tasks));
    const uuid = randomUUID();
    await engine.add({ task: "late", uuid, payload: { args: [] } });
    const now = performance.now.bind(performance);
    let passedMs = 0;
    t.mock.method(performance, "now", () => now() + passedMs);
    const loop = new JobLoop({
      store: answersLate(engine, () => {
        passedMs += 9_000;
      }),
      ...{ tasks, cancelGraceMs: 1_000, events: noEvents },
      lanes: attemptLanes({ loop: 1, thread: 1 }, async ({ task }) => task.fn()),
    });
    while (!(await loop.drain()));
    const job = { task: "late", uuid };
    const { state, attempt } = (await engine.find(job)) ?? {};
    assert.deepEqual([state, attempt], ["done", 1]);
    const attempts = await engine.attempts(job);
    assert.deepEqual(
      attempts.map(({ outcome }) => outcome),
      ["interrupted", "done"],
    );
  },
);
