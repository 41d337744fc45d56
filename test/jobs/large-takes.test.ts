import assert from "node:assert/strict";
import { test } from "node:test";
import { App } from "offloop";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobStore } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { JobLoop } from "../../src/jobs/worker/loop.ts";
import { attemptLanes } from "../../src/lanes/attempts.ts";
import { backends, storeWith } from "../fixtures/job-engines.ts";
import { noEvents } from "../fixtures/job-workers.ts";

const PLACES = 8;
const JOBS = 20;

const app = new App();
app.task("large", { durable: true }, async () => {});
const tasks = runnableTasks(app);

/** An engine whose database is so far away that of more than two of these jobs, the last does not arrive in time. */
function farAway(engine: Engine, asked: number[]): JobStore {
  const take: JobStore["take"] = async (task, most, hasSuspect) => {
    asked.push(most);
    if (most > 2) throw new Error("Query read timeout");
    return engine.take(task, most, hasSuspect);
  };
  return storeWith(engine, { take });
}

for (const { name, skip, start } of backends) {
  test(`jobs that are too large to be taken together are taken a few at a time, on ${name}`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    const asked: number[] = [];
    const loop = new JobLoop({
      ...{ store: farAway(engine, asked), tasks, cancelGraceMs: 1_000 },
      lanes: attemptLanes({ loop: PLACES, thread: 1 }, async ({ task }) => task.fn()),
      events: noEvents,
    });
    for (let index = 0; index < JOBS; index++)
      await engine.add({ task: "large", uuid: newUuid(), payload: { args: [] } });
    for (let looks = 0; !(await loop.drain()); looks++) assert.ok(looks < 2 * JOBS, "it takes none of them");
    assert.deepEqual(asked.slice(0, 3), [8, 4, 2]);
    assert.equal((await engine.list({ state: "done", limit: 100 })).length, JOBS);
  });
}
