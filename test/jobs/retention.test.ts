import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { beforeEach, test } from "node:test";
import type { JobRef, Outcome, TakenJob } from "../../src/jobs/store.ts";
import { type Pulse, ThreadPulse, upkeep } from "../../src/jobs/worker/pulse.ts";
import { describeOnEach, jobTask } from "../fixtures/job-engines.ts";

const HOUR_MS = 3_600_000;
/** Its attempt says when attempts were last removed. */
const NO_JOB = "00000000-0000-0000-0000-000000000000";
const tasks = [jobTask("kept", { keepMs: HOUR_MS }), jobTask("removed")];
const error = { type: "Error", message: "it broke" };
const done: Outcome = { kind: "done", result: 1 };
const dead: Outcome = { kind: "dead", error };
const failed: Outcome = { kind: "failed", error };

describeOnEach("retention", tasks, (on) => {
  /** Has an hour pass since one of all processes last removed jobs, and attempts. */
  const passAnHour = async (): Promise<void> => {
    await on.place.sql(
      `update offloop.queue set maintain_on = null;
      update offloop.job_attempt set started_at = started_at - interval '61 minutes' where job = '${NO_JOB}'`,
    );
  };
  beforeEach(passAnHour);

  const add = (task = "kept"): Promise<string> =>
    on.engine.add({ task, uuid: randomUUID(), payload: { args: [] } });
  const run = async (task = "kept"): Promise<TakenJob> => {
    await add(task);
    const [job] = await on.engine.take(task, 1);
    assert.ok(job);
    return job;
  };
  const end = async (outcome: Outcome, task = "kept"): Promise<TakenJob> => {
    const job = await run(task);
    await on.engine.settle([{ claim: job, payload: job.payload, outcome }]);
    return job;
  };
  /** Has everything that happened to jobs so far have happened two hours earlier. */
  const age = async (jobs: readonly JobRef[]): Promise<void> => {
    const ids = jobs.map(({ uuid }) => `'${uuid}'`).join(", ");
    await on.place.sql(
      `update offloop.job set created_on = created_on - interval '2 hours',
        started_on = started_on - interval '2 hours', completed_on = completed_on - interval '2 hours'
      where id in (${ids})`,
    );
  };
  const left = async (job: JobRef): Promise<unknown[]> => {
    const attempts = await on.engine.attempts(job);
    return [(await on.engine.find(job))?.state, attempts.length];
  };

  test("supervise() removes done and dead jobs once their keepMs are over, and sweep() their attempts; living ones stay", async () => {
    const old = [await end(done), await end(dead)];
    const young = [await end(done), await end(dead)];
    const again = await end(failed);
    const running = await run();
    const waiting = { task: "kept", uuid: await add() };
    await on.engine.supervise();
    await on.engine.sweep();
    for (const job of [...old, ...young]) assert.equal((await left(job))[1], 1);
    await age([...old, again, running, waiting]);
    await passAnHour();
    await on.engine.supervise();
    await on.engine.sweep();
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

  test("sweep() removes attempts once an hour, whichever process asks", async () => {
    const remove = async (): Promise<TakenJob> => {
      const job = await end(done, "removed");
      await on.place.sql(`delete from offloop.job where id = '${job.uuid}'`);
      return job;
    };
    const first = await remove();
    await on.engine.sweep();
    assert.deepEqual(await left(first), [undefined, 0]);
    const second = await remove();
    await on.engine.sweep();
    assert.deepEqual(await left(second), [undefined, 1]);
    await passAnHour();
    await Promise.all([on.engine.sweep(), on.engine.sweep()]);
    assert.deepEqual(await left(second), [undefined, 0]);
    const none = await on.engine.attempts({ task: "removed", uuid: NO_JOB });
    assert.deepEqual(none, [], "what says when is no attempt");
  });

  test("a process that works removes both soon after its start", { timeout: 120_000 }, async (t) => {
    const old = await end(done);
    await age([old]);
    if (on.name === "PGlite") t.mock.timers.enable({ apis: ["setInterval"] });
    const pulse = openPulse(t.mock.timers);
    try {
      while ((await left(old)).some(Boolean));
    } finally {
      await pulse.close();
    }
    assert.deepEqual(on.place.errors, []);
  });

  /** What a process has that works: embedded, a minute passes at once. */
  function openPulse(timers: { tick(ms: number): void }): Pulse {
    const onError = (error: unknown): void => void on.place.errors.push(error as Error);
    const listener = { onLost: (): void => {}, onDead: (): void => {}, onAnswer: (): void => {}, onError };
    if (on.name === "PostgreSQL")
      return new ThreadPulse({ place: on.place.place, schema: "offloop", tasks }, listener);
    const pulse = upkeep(on.engine, listener);
    timers.tick(60_000);
    return pulse;
  }
});
