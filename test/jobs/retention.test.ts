import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Engine } from "../../src/jobs/engine.ts";
import { type Pulse, ThreadPulse, upkeep } from "../../src/jobs/pulse.ts";
import type { JobRef, Outcome, TakenJob } from "../../src/jobs/store.ts";
import { backends, jobTask, type TestPlace } from "../fixtures/job-engines.ts";

const HOUR_MS = 3_600_000;
const tasks = [jobTask("kept", { keepMs: HOUR_MS })];
const error = { type: "Error", message: "it broke" };
const done: Outcome = { kind: "done", result: 1 };
const dead: Outcome = { kind: "dead", error };
const failed: Outcome = { kind: "failed", error };

for (const { name, skip, start } of backends) {
  describe(`retention on ${name}`, { skip }, () => {
    let place: TestPlace;
    let engine: Engine;

    before(async () => {
      place = await start();
      engine = await place.open(tasks);
    });
    after(() => place[Symbol.asyncDispose]());
    // Of all processes one removes jobs once an hour; here it is due again.
    beforeEach(() => place.sql("update offloop.queue set maintain_on = null"));

    const add = (): Promise<string> =>
      engine.add({ task: "kept", uuid: randomUUID(), payload: { args: [] } });
    const run = async (): Promise<TakenJob> => {
      await add();
      const [job] = await engine.take("kept", 1);
      assert.ok(job);
      return job;
    };
    const end = async (outcome: Outcome): Promise<TakenJob> => {
      const job = await run();
      await engine.settle([{ claim: job, payload: job.payload, outcome }]);
      return job;
    };
    /** Has everything that happened to jobs so far have happened two hours earlier. */
    const age = async (jobs: readonly JobRef[]): Promise<void> => {
      const ids = jobs.map(({ uuid }) => `'${uuid}'`).join(", ");
      await place.sql(
        `update offloop.job set created_on = created_on - interval '2 hours',
          started_on = started_on - interval '2 hours', completed_on = completed_on - interval '2 hours'
        where id in (${ids})`,
      );
    };
    const left = async (job: JobRef): Promise<unknown[]> => {
      const attempts = await engine.attempts(job);
      return [(await engine.find(job))?.state, attempts.length];
    };

    test("supervise() removes done and dead jobs once their keepMs are over, and sweep() their attempts; living ones stay", async () => {
      const old = [await end(done), await end(dead)];
      const young = [await end(done), await end(dead)];
      const again = await end(failed);
      const running = await run();
      const waiting = { task: "kept", uuid: await add() };
      await engine.supervise();
      await engine.sweep();
      for (const job of [...old, ...young]) assert.equal((await left(job))[1], 1);
      await age([...old, again, running, waiting]);
      await place.sql("update offloop.queue set maintain_on = null");
      await engine.supervise();
      await engine.sweep();
      for (const job of old) assert.deepEqual(await left(job), [undefined, 0]);
      const stay = await Promise.all([...young, again, running, waiting].map(left));
      assert.deepEqual(stay, [
        ["done", 1],
        ["dead", 1],
        ["failed", 1],
        ["running", 1],
        ["waiting", 0],
      ]);
    });

    test("a process that works removes them by itself", async (t) => {
      const old = await end(done);
      await age([old]);
      if (name === "PGlite") t.mock.timers.enable({ apis: ["setInterval"] });
      const pulse = openPulse(t.mock.timers);
      try {
        while ((await engine.find(old)) !== undefined);
      } finally {
        await pulse.close();
      }
      assert.deepEqual(place.errors, []);
    });

    /** What a process has that works: embedded, a minute passes at once. */
    function openPulse(timers: { tick(ms: number): void }): Pulse {
      const onError = (error: unknown): void => void place.errors.push(error as Error);
      const listener = { onLost: (): void => {}, onError };
      if (name === "PostgreSQL")
        return new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
      const pulse = upkeep(engine, listener);
      timers.tick(60_000);
      return pulse;
    }
  });
}
