import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { App } from "offloop";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobRef, NewJob } from "../../src/jobs/store.ts";
import { backends } from "../fixtures/job-engines.ts";
import { work } from "../fixtures/job-workers.ts";

const app = new App();
let enqueueNext: () => Promise<JobRef>;
const chained: JobRef[] = [];
app.task("first", { durable: true }, async () => {
  chained.push(await enqueueNext());
});
app.task("next", { durable: true }, async () => {});
app.task("retried", { durable: { retries: 1, backoffMs: 3_600_000 } }, async () => {
  throw new TypeError("not yet");
});
app.task("ordered", { durable: { retries: 0, ordered: true } }, async () => {
  throw new TypeError("never");
});
const tasks = runnableTasks(app);

async function add(engine: Engine, task: string, more: Partial<NewJob> = {}): Promise<JobRef> {
  const uuid = await engine.add({ task, uuid: randomUUID(), payload: { args: [] }, ...more });
  return { task, uuid };
}

for (const { name, skip, start } of backends) {
  test(`drained() of a worker runs what is due and becomes due; a retry, and what a dead job holds up, are left, on ${name}`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    enqueueNext = () => add(engine, "next");
    const jobs = [
      await add(engine, "first"),
      await add(engine, "retried"),
      await add(engine, "ordered", { key: "a" }),
      await add(engine, "ordered", { key: "a" }),
      await add(engine, "next", { runAt: new Date(Date.now() + 3_600_000) }),
    ];
    const { worker } = await work({ tasks, engine, errors: place.errors });
    await worker.drained();
    const all = await Promise.all([...jobs, ...chained.splice(0)].map((job) => engine.find(job)));
    assert.deepEqual(
      all.map((job) => `${job?.task} ${job?.state}`),
      ["first done", "retried failed", "ordered dead", "ordered waiting", "next waiting", "next done"],
    );
    assert.deepEqual(await worker.close(0), []);
    assert.deepEqual(place.errors, []);
  });
}
