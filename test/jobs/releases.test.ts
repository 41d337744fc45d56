import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { App, type Job, type JobId, type ServeOptions, type Server, serve } from "offloop";
import { z } from "zod";
import { backends, type TestPlace } from "../fixtures/job-engines.ts";

const older = new App();
const priceInText = older.task("price", { durable: true, args: [z.string()] }, async (price) => price);

const runs: number[] = [];
const newer = new App({ jobs: { pollMs: 100 } });
newer.task("price", { durable: true, args: [z.number()] }, async (price) => {
  runs.push(price);
});

for (const { name, skip, start } of backends) {
  describe(`jobs of another release, on ${name}`, { skip }, () => {
    let place: TestPlace;

    before(async () => {
      place = await start();
    });
    after(() => place[Symbol.asyncDispose]());

    const run = (app: App, options: ServeOptions): Promise<Server> =>
      serve(app, { port: 0, signals: false, logLevel: "silent", jobs: place.place, ...options });

    test("a job whose arguments no longer fit is dead at once, with the reason, and never runs", async () => {
      const before = await run(older, { work: false });
      const { id } = await priceInText.enqueue("12.50");
      await before.close();
      const now = await run(newer, { work: true });
      try {
        const job = await last(id);
        assert.deepEqual([job.state, job.attempt], ["dead", 1]);
        assert.equal(job.error?.code, "OFFLOOP_JOB_ARGUMENT");
        assert.match(
          job.error?.message ?? "",
          /^Cannot run a job of task "price": its stored arguments no longer fit: args\[0\]: /,
        );
        const attempts = await newer.jobs.attempts(id);
        assert.deepEqual(
          attempts.map(({ outcome }) => outcome),
          ["dead"],
        );
        assert.deepEqual(runs, []);
      } finally {
        await now.close();
      }
    });
  });
}

/** The job as it ends. */
async function last(id: JobId): Promise<Job> {
  let last: Job | undefined;
  for await (const state of newer.jobs.follow(id)) {
    last = state;
    assert.notEqual(state.state, "failed", "it is not tried again");
  }
  assert.ok(last);
  return last;
}
