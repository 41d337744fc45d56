import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome, TakenJob } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { Settlements } from "../../src/jobs/worker/settlements.ts";
import { describeOnEach, jobTask } from "../fixtures/job-engines.ts";

/** What no attempt hands over, and no database stores. */
const refused = "NUL: \0";
const outcomes: readonly Outcome[] = [
  { kind: "done", result: refused },
  { kind: "failed", error: { type: "Error", message: refused } },
  { kind: "dead", error: { type: "Error", message: refused } },
];

describeOnEach("an outcome that is refused", [jobTask("task", { retries: 1 })], (on) => {
  const take = async (): Promise<TakenJob> => {
    await on.engine.add({ task: "task", uuid: newUuid(), payload: { args: [] } });
    const [job] = await on.engine.take("task", 1);
    assert.ok(job);
    return job;
  };

  test("is stored as a failure that says why, together with those beside it", {
    timeout: 30_000,
  }, async () => {
    const errors: unknown[] = [];
    const settlements = new Settlements(on.engine, (error) => errors.push(error));
    const all: readonly Outcome[] = [...outcomes, { kind: "done", result: "good" }];
    const jobs = [];
    for (const outcome of all) jobs.push({ job: await take(), outcome });
    await Promise.all(
      jobs.map(({ job, outcome }) => settlements.add({ claim: job, payload: job.payload, outcome })),
    );
    const found = await Promise.all(jobs.map(({ job }) => on.engine.find(job)));
    assert.deepEqual(
      found.map((job) => job?.state),
      ["failed", "failed", "dead", "done"],
    );
    for (const job of found.slice(0, 3)) assert.match(job?.error?.message ?? "", /Unicode/);
    assert.ok(errors.length > 0);
  });
});
