import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { App } from "offloop";
import { formatJobId } from "../../src/jobs/job-id.ts";
import { jobTasks, runnableTasks } from "../../src/jobs/open.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobRef, JobStore } from "../../src/jobs/store.ts";
import { backends, storeWith } from "../fixtures/job-engines.ts";
import { work } from "../fixtures/job-workers.ts";

/** Ends the function of an attempt, in the order in which they begin. */
const ends: (() => void)[] = [];
let onBegin = (): void => {};

const app = new App();
app.task("stubborn", { durable: { retries: 0 } }, async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  ends.push(resolve);
  onBegin();
  await promise; // whatever its signal says
});
const tasks = runnableTasks(app);

/** Resolves when another attempt begins. */
function nextBegins(): Promise<void> {
  return new Promise((resolve) => {
    onBegin = resolve;
  });
}

/** A job whose first attempt was cancelled, and goes on, while the second has begun. */
async function beginTwice(engine: Engine): Promise<JobRef> {
  const job = { task: "stubborn", uuid: randomUUID() };
  const begun = nextBegins();
  await engine.add({ ...job, payload: { args: [] } });
  await begun;
  assert.equal(await engine.cancel(job), true);
  const begunAgain = nextBegins();
  assert.equal(await engine.retry(job), true);
  await begunAgain;
  return job;
}

/** An engine whose next notice of a cancelled job arrives when it is let through. */
function withLateNotice(engine: Engine): { store: JobStore; arrive(): Promise<void> } {
  const { promise: late, resolve } = Promise.withResolvers<() => void>();
  const listen: JobStore["listen"] = (onNotice) =>
    engine.listen((notice) => {
      if (notice.kind === "cancelled") resolve(() => onNotice(notice));
      else onNotice(notice);
    });
  const store = storeWith(engine, { listen });
  return { store, arrive: async () => (await late)() };
}

/** An engine, and the news that it has stored how an attempt ended. */
function tellingOfEnds(engine: Engine, onSettled: () => void): JobStore {
  const settle: JobStore["settle"] = async (settlements) => {
    await engine.settle(settlements);
    onSettled();
  };
  return storeWith(engine, { settle });
}

for (const { name, skip, start } of backends) {
  test(`a job that was cancelled and runs again is not forgotten when its first function ends, on ${name}`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    const settled = Promise.withResolvers<void>();
    const store = tellingOfEnds(engine, settled.resolve);
    const { worker } = await work({ tasks, engine, store, errors: place.errors });
    const job = await beginTwice(engine);
    assert.equal(worker.running.length, 2);
    ends[0]?.();
    await settled.promise;
    await setImmediate();
    assert.equal(worker.running.length, 1);
    assert.deepEqual(await worker.close(0), [formatJobId(job)]);
    const back = await engine.find(job);
    assert.equal(back?.state, "waiting", "another process can run it");
    const outcomes = (await engine.attempts(job)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["cancelled", "interrupted"]);
    for (const end of ends.splice(0)) end();
    assert.deepEqual(place.errors, []);
  });

  test(`a notice that a job was cancelled ends no attempt that began since, on ${name}`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using place = await start();
    const engine = await place.open(jobTasks(tasks));
    const { store, arrive } = withLateNotice(engine);
    const { worker } = await work({ tasks, engine, store, errors: place.errors });
    const job = await beginTwice(engine);
    await arrive();
    for (const end of ends.splice(0)) end();
    await worker.drained();
    await worker.close(0);
    assert.equal((await engine.find(job))?.state, "done");
    const outcomes = (await engine.attempts(job)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["cancelled", "done"]);
    assert.deepEqual(place.errors, []);
  });
}
