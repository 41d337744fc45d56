import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { App } from "offloop";
import { formatJobId } from "../../src/jobs/job-id.ts";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobStore } from "../../src/jobs/store.ts";
import { type Backend, backends, storeWith } from "../fixtures/job-engines.ts";
import { work } from "../fixtures/job-workers.ts";

const app = new App();
app.task("short", { durable: { retries: 0 } }, async () => {});
app.task("endless", { durable: { retries: 0 } }, async () => {
  await new Promise(() => {});
});
const tasks = runnableTasks(app);

/** An engine whose answer to the taking of short jobs is late. */
interface Late {
  readonly store: JobStore;
  /** Resolves when jobs are taken, which the worker does not know yet. */
  readonly taken: Promise<void>;
  answer(): void;
}

function answeringLate(engine: Engine): Late {
  const taken = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const take: JobStore["take"] = async (task, most) => {
    const jobs = await engine.take(task, most);
    if (task !== "short" || jobs.length === 0) return jobs;
    taken.resolve();
    await answered.promise;
    return jobs;
  };
  const store = storeWith(engine, { take });
  return { store, taken: taken.promise, answer: () => answered.resolve() };
}

/** An engine whose database does not store how attempts end. */
function notSettling(engine: Engine): JobStore {
  const settle: JobStore["settle"] = () => Promise.reject(new Error("the database is away"));
  return storeWith(engine, { settle });
}

async function add(engine: Engine, task: string): Promise<{ task: string; uuid: string }> {
  const uuid = randomUUID();
  await engine.add({ task, uuid, payload: { args: [] } });
  return { task, uuid };
}

for (const { name, skip, start } of backends) {
  test(`close() of a worker puts back what it is taking, and another runs it at once, on ${name}`, {
    skip,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    const late = answeringLate(engine);
    const first = await work({ tasks, engine, store: late.store, errors: place.errors });
    const job = await add(engine, "short");
    await late.taken;
    // Embedded, only one process has the jobs.
    const other = name === "PGlite" ? engine : await place.open(jobTasks(tasks));
    const second = await work({ tasks, engine: other, errors: place.errors });
    const closing = first.worker.close(60_000);
    late.answer();
    assert.deepEqual(await closing, []);
    const outcomes = (await engine.attempts(job)).map(({ attempt, outcome }) => [attempt, outcome]);
    assert.deepEqual(outcomes[0], [1, "interrupted"]);
    await second.began("short");
    await second.worker.close(60_000);
    assert.deepEqual([first.ran, second.ran], [[], ["short"]]);
    const done = await engine.find(job);
    assert.deepEqual([done?.state, done?.attempt], ["done", 1]);
    assert.deepEqual(place.errors, []);
  });

  test(`close() of a worker whose time is over puts back what it runs and what it is taking, on ${name}`, {
    skip,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    const late = answeringLate(engine);
    const { worker, ran, began } = await work({ tasks, engine, store: late.store, errors: place.errors });
    const endless = await add(engine, "endless");
    await began("endless");
    const short = await add(engine, "short");
    await late.taken;
    const closing = worker.close(0);
    late.answer();
    assert.deepEqual(await closing, [formatJobId(endless)]);
    assert.deepEqual(ran, ["endless"]);
    for (const job of [endless, short]) {
      const back = await engine.find(job);
      assert.deepEqual([back?.state, back?.attempt], ["waiting", 0]);
    }
    assert.deepEqual(place.errors, []);
  });
}

test("close() of a worker whose database is away gives up after the grace, and says what", {
  timeout: 45_000,
}, async () => {
  await using place = await (backends[0] as Backend).start();
  const engine = await place.open(jobTasks(tasks));
  const errors: unknown[] = [];
  const { worker, began } = await work({ tasks, engine, store: notSettling(engine), errors });
  const short = await add(engine, "short");
  const endless = await add(engine, "endless");
  await Promise.all([began("short"), began("endless")]);
  assert.deepEqual(await worker.close(100), [formatJobId(endless)]);
  const last = String(errors.at(-1));
  assert.match(
    last,
    /gave up storing how 2 jobs ended, since the database does not answer; these attempts count as lost, and the jobs that have more are run again: /,
  );
  for (const job of [short, endless]) assert.ok(last.includes(formatJobId(job)), last);
});
