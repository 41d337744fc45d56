import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { App } from "offloop";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobStore } from "../../src/jobs/store.ts";
import { JobLoop } from "../../src/jobs/worker/loop.ts";
import { attemptLanes } from "../../src/lanes/attempts.ts";
import { backends, storeWith } from "../fixtures/job-engines.ts";
import { noEvents } from "../fixtures/job-workers.ts";

const app = new App();
app.task("reports", { durable: true }, async () => "done");
const tasks = runnableTasks(app);

/** An engine that says when it is about to store progress, and does so once the end of the attempt is stored. */
function withLateProgress(engine: Engine, onSave: () => void): JobStore {
  const settled = Promise.withResolvers<void>();
  const saveProgress: JobStore["saveProgress"] = async (claim, value) => {
    onSave();
    await settled.promise;
    await engine.saveProgress(claim, value);
  };
  const settle: JobStore["settle"] = async (settlements) => {
    await engine.settle(settlements);
    settled.resolve();
  };
  return storeWith(engine, { saveProgress, settle });
}

for (const { name, skip, start } of backends) {
  test(`progress that is on its way when the attempt ends is stored with its end, on ${name}`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    const saving = Promise.withResolvers<void>();
    const lanes = attemptLanes({ loop: 1, thread: 1 }, async ({ task, args, attempt }) => {
      attempt?.waiter.onProgress(0.9);
      await saving.promise;
      return task.fn(...args);
    });
    const loop = new JobLoop({
      ...{ store: withLateProgress(engine, saving.resolve), tasks, lanes, cancelGraceMs: 1_000 },
      events: {
        ...noEvents,
        onError: (error) => void place.errors.push(error as Error),
      },
    });
    const job = { task: "reports", uuid: randomUUID() };
    await engine.add({ ...job, payload: { args: [] } });
    assert.equal(await loop.drain(), true);
    const { state, progress } = (await engine.find(job)) ?? {};
    assert.deepEqual({ state, progress }, { state: "done", progress: 0.9 });
    assert.deepEqual(place.errors, []);
  });
}
