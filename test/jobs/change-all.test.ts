import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { changeAll, PAGE } from "../../src/jobs/change-all.ts";
import { MemoryStore } from "../../src/jobs/memory.ts";
import type { JobRef, JobStore } from "../../src/jobs/store.ts";
import { describeOnEach, jobTask, storeWith } from "../fixtures/job-engines.ts";

const tasks = [
  jobTask("many", { retries: 0 }),
  jobTask("again", { retries: 0 }),
  jobTask("left", { retries: 0 }),
  jobTask("keyed", { retries: 0 }),
];
const error = { type: "Error", message: "it broke" };

/** Adds jobs of a task, and has them die. */
async function die(store: JobStore, task: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++)
    await store.add({ task, uuid: randomUUID(), payload: { args: [] } });
  for (;;) {
    const taken = await store.take(task, 100);
    if (taken.length === 0) return;
    await store.settle(
      taken.map((claim) => ({ claim, payload: claim.payload, outcome: { kind: "failed", error } })),
    );
  }
}

const inState = async (store: JobStore, task: string, state: "dead" | "failed"): Promise<number> =>
  (await store.list({ task, state, limit: 1_000 })).length;

async function changesEach(store: JobStore): Promise<void> {
  await die(store, "many", PAGE + 30);
  await die(store, "left", 2);
  const retry = (job: JobRef): Promise<boolean> => store.retry(job);
  assert.equal(await changeAll(store, { task: "many", state: "dead", key: undefined }, retry), PAGE + 30);
  assert.deepEqual([await inState(store, "many", "dead"), await inState(store, "left", "dead")], [0, 2]);
  assert.equal(await changeAll(store, { task: "many", state: "dead", key: undefined }, retry), 0, "again");
}

async function changesOnce(store: JobStore): Promise<void> {
  await die(store, "again", PAGE + 30);
  const changed = await changeAll(store, { task: "again", state: "dead", key: undefined }, async (job) => {
    if (!(await store.retry(job))) return false;
    await die(store, "again", 0); // it runs at once, and is dead again
    return true;
  });
  assert.equal(changed, PAGE + 30);
  assert.equal(await inState(store, "again", "dead"), PAGE + 30);
}

describeOnEach("jobs changed together", tasks, (on) => {
  test("changes every job in the state over several pages, and when repeated none", () =>
    changesEach(on.engine));

  test("changes each job once, though it comes back to the state", () => changesOnce(on.engine));

  test("passes over a job whose key another has taken", async () => {
    const add = (key: string): Promise<string> =>
      on.engine.add({ task: "keyed", uuid: randomUUID(), payload: { args: [] }, key });
    await add("a");
    await add("b");
    await die(on.engine, "keyed", 0);
    await add("a");
    const retry = (job: JobRef): Promise<boolean> => on.engine.retry(job);
    assert.equal(await changeAll(on.engine, { task: "keyed", state: "dead", key: undefined }, retry), 1);
    assert.equal(await inState(on.engine, "keyed", "dead"), 1);
  });

  test("begins again where the job that it goes on from has left the state", async () => {
    await die(on.engine, "left", 2 * PAGE + 10);
    const all = await inState(on.engine, "left", "dead");
    let first: JobRef | undefined;
    let lists = 0;
    const store = storeWith(on.engine, {
      list: async (filter) => {
        if (++lists === 2) await on.engine.retry(filter.after as JobRef); // by someone else
        return on.engine.list(filter);
      },
    });
    const changed = await changeAll(store, { task: "left", state: "dead", key: undefined }, async (job) => {
      first ??= job;
      return job !== first && on.engine.retry(job);
    });
    assert.equal(changed, all - 1);
    assert.equal(await inState(on.engine, "left", "dead"), 0);
  });
});

test("jobs in memory are changed together as those in a database", async () => {
  const store = new MemoryStore(tasks, { now: Date.now });
  await changesEach(store);
  await changesOnce(store);
});
