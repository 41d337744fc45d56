import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "offloop";
import { formatJobId } from "../../src/jobs/job-id.ts";
import { StoredJobs } from "../../src/jobs/jobs.ts";
import type { JobRef, JobStore } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { describeOnEach, jobTask } from "../fixtures/job-engines.ts";

const FOLLOWERS = 300;

/** A store, and how often it was asked for a job or several. */
function countingLooks(store: JobStore): { readonly store: JobStore; readonly looks: () => number } {
  let looks = 0;
  const counting = new Proxy(store, {
    get: (_, name) => {
      if (name === "find" || name === "findAll") looks++;
      return Reflect.get(store, name).bind(store);
    },
  });
  return { store: counting, looks: () => looks };
}

describeOnEach("many who follow", [jobTask("report")], (on) => {
  const add = async (args: readonly unknown[]): Promise<JobRef> => {
    const job = { task: "report", uuid: newUuid() };
    await on.engine.add({ ...job, payload: { args } });
    return job;
  };
  const firstOf = async (all: readonly AsyncIterator<Job>[]): Promise<Job[]> => {
    const results = await Promise.all(all.map((states) => states.next()));
    return results.map(({ value }) => value);
  };

  test("one job read it together, and each gets a copy of its own", async () => {
    const { store, looks } = countingLooks(on.engine);
    const jobs = new StoredJobs(store, Date.now);
    const job = await add([{ pages: [1] }]);
    const id = formatJobId(job);
    const all = Array.from({ length: FOLLOWERS }, () => jobs.follow(id)[Symbol.asyncIterator]());

    const waiting = await firstOf(all);
    assert.equal(looks(), 1);
    assert.deepEqual([...new Set(waiting.map(({ state }) => state))], ["waiting"]);
    const [own, others] = waiting.map(({ args }) => args as [{ pages: number[] }]);
    own?.[0].pages.push(2);
    assert.deepEqual(others, [{ pages: [1] }]);

    const next = firstOf(all);
    assert.equal(await on.engine.cancel(job), true);
    const last = await next;
    assert.deepEqual([...new Set(last.map(({ state }) => state))], ["cancelled"]);
    assert.ok(looks() <= 3, `${looks()} looks`);
    jobs.close();
  });

  test("jobs of their own are read together, and a job that does not exist disturbs no other", async () => {
    const { store, looks } = countingLooks(on.engine);
    const jobs = new StoredJobs(store, Date.now);
    const refs = await Promise.all(Array.from({ length: 20 }, (_, index) => add([index])));
    const ids = refs.map(formatJobId);
    const unknown = formatJobId({ task: "report", uuid: newUuid() });
    const missing = assert.rejects(firstOf([jobs.follow(unknown)[Symbol.asyncIterator]()]), {
      code: "OFFLOOP_JOB_UNKNOWN",
    });
    const first = await firstOf(ids.map((id) => jobs.follow(id)[Symbol.asyncIterator]()));
    await missing;
    assert.equal(looks(), 1);
    assert.deepEqual(
      first.map(({ id, args }) => [id, ...args]),
      ids.map((id, index) => [id, index]),
    );
    jobs.close();
  });
});
