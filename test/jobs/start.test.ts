import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { App } from "offloop";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobRef, JobStore } from "../../src/jobs/store.ts";
import { backends, storeWith } from "../fixtures/job-engines.ts";
import { work } from "../fixtures/job-workers.ts";

const app = new App();
app.task("first", { durable: true }, async () => {});
app.task("second", { durable: true }, async () => {});
const tasks = runnableTasks(app);

/** Stores a job. Resolves when the notice of it has arrived, and whoever heard it has acted on it. */
async function addAndTell(engine: Engine, task: string): Promise<JobRef> {
  const heard = Promise.withResolvers<void>();
  const stop = engine.listen((notice) => notice.task === task && heard.resolve());
  const uuid = await engine.add({ task, uuid: randomUUID(), payload: { args: [] } });
  await heard.promise;
  stop();
  await turn();
  return { task, uuid };
}

for (const { name, skip, start } of backends) {
  test(`a worker takes no job before its start is over, and then those enqueued meanwhile, on ${name}`, {
    skip,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    const [added, taken]: [JobRef[], string[]] = [[], []];
    const take: JobStore["take"] = (task, most, hasSuspect) => {
      taken.push(task);
      return engine.take(task, most, hasSuspect);
    };
    let takenAtStart: readonly string[] | undefined;
    // The last step of a start, for each task: what former releases have left is dropped, and must not be taken.
    const dropSchedules: JobStore["dropSchedules"] = async (task, current) => {
      added.push(await addAndTell(engine, task));
      takenAtStart = [...taken];
      return engine.dropSchedules(task, current);
    };
    const store = storeWith(engine, { take, dropSchedules });
    const { worker, began } = await work({ tasks, engine, store, errors: place.errors });
    assert.deepEqual(takenAtStart, []);
    await Promise.all([began("first"), began("second")]);
    await worker.close(60_000);
    const states = await Promise.all(added.map(async (job) => (await engine.find(job))?.state));
    assert.deepEqual(states, ["done", "done"]);
    assert.deepEqual(place.errors, []);
  });
}
