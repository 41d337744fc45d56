import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type DurableTask, type Job, JobError, type OffloopError, serve } from "offloop";
import { testClient } from "offloop/testing";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { createLogger } from "../../src/http/logs/logger.ts";
import app, { tasks } from "../fixtures/apps/job-errors.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

const MINUTES_10 = 600_000;

/** The jobs of the app somewhere, with the lines of its log. */
interface Place {
  /** Enqueues a job. Resolves when it is in the state. */
  run(task: DurableTask<[], unknown>, state: Job["state"]): Promise<Job>;
  now(): number;
  close(): Promise<unknown>;
}

const lines: Record<string, unknown>[] = [];
const logger = createLogger("debug", false, {
  write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
});
const lineOf = (job: Job, sought: RegExp): Record<string, unknown> =>
  lines.find((line) => line.job === job.id && sought.test(String(line.msg))) as Record<string, unknown>;

/** Resolves when the job is in the state. */
async function reached({ id }: { id: string }, state: Job["state"]): Promise<Job> {
  for await (const job of app.jobs.follow(id)) if (job.state === state) return job;
  throw new Error(`${id} was never ${state}`);
}

async function served(jobs: object, remove: () => Promise<unknown>): Promise<Place> {
  const server = await serve(app, { port: 0, signals: false, logger, jobs });
  return {
    run: async (task, state) => reached(await task.enqueue(), state),
    now: Date.now,
    close: async () => {
      await server.close();
      await remove();
    },
  };
}

async function inMemory(): Promise<Place> {
  const client = await testClient(app, { logger });
  return {
    run: async (task, state) => {
      const { id } = await task.enqueue();
      await client.jobs.drain();
      return reached({ id }, state);
    },
    now: () => client.jobs.clock.now().getTime(),
    close: async () => client[Symbol.asyncDispose](),
  };
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  memory: inMemory,
  PGlite: async () => {
    const dir = await mkdtemp(join(tmpdir(), "offloop-job-errors-"));
    return served({ dir }, () => rm(dir, { recursive: true, force: true }));
  },
  PostgreSQL: async () => {
    const database = (await startPostgres()) as DatabaseServer;
    return served({ url: database.url }, () => database.stop());
  },
};

for (const [name, open] of Object.entries(places)) {
  const skip = name === "PostgreSQL" && withoutPostgres();
  describe(`JobError, with jobs in ${name}`, { skip }, () => {
    let place: Place;
    before(async () => {
      place = await open();
    });
    after(() => place.close());

    for (const lane of ["loop", "thread"] as const) {
      for (const from of ["gone", "refused", "awaits"] as const)
        test(`retry: false makes the job dead at once, thrown by what is ${from}: ${lane}`, async () => {
          const job = await place.run(tasks[lane][from], "dead");
          assert.deepEqual([job.attempt, job.error?.message], [1, "the endpoint is gone"]);
          assert.deepEqual([job.error?.cause?.type, job.error?.type], ["TypeError", "JobError"]);
          assert.equal((await app.jobs.attempts(job.id))[0]?.outcome, "dead");
          const { msg, err, level } = lineOf(job, /is dead/);
          assert.deepEqual([msg, level], [`job ${job.id} is dead after attempt 1: the endpoint is gone`, 50]);
          assert.equal(
            (err as Error).cause && ((err as Error).cause as Error).message,
            "410 from the endpoint",
          );
        });

      test(`retryAfterMs says when the next attempt may begin, and the attempt counts: ${lane}`, async () => {
        const before = place.now();
        const job = await place.run(tasks[lane].busy, "failed");
        const waits = job.runAt.getTime() - before;
        assert.ok(waits >= MINUTES_10 - 1_000 && waits < MINUTES_10 + 60_000, `${waits} ms`);
        assert.deepEqual([job.attempt, job.error?.message], [1, "the endpoint is busy"]);
        const said = "failed and will be tried again after 600 s, as it asked: the endpoint is busy";
        assert.equal(lineOf(job, /attempt 1/).msg, `attempt 1 of 2 of job ${job.id} ${said}`);
        assert.equal(await app.jobs.retry(job.id), true);
        const last = await place.run(tasks[lane].hurries, "dead");
        assert.deepEqual([last.attempt, last.error?.message], [2, "at once"]);
      });

      test(`log.setBindings(): the line of a job's failure has what its function added: ${lane}`, async () => {
        const job = await place.run(tasks[lane].bound, "dead");
        const { customer, task, attempt } = lineOf(job, /is dead/);
        assert.deepEqual([customer, task, attempt], [7, job.task, 1]);
      });
    }
  });
}

test("JobError takes what an upstream says: whole seconds, out of range the nearest, and no number the back-off", () => {
  const after = (retryAfterMs: number | undefined): unknown =>
    new JobError("", { retryAfterMs }).retryAfterMs;
  assert.deepEqual(
    [after(-5), after(1e15), after(Number.NaN), after(undefined), after(20)],
    [0, 31_536_000_000, undefined, undefined, 1_000],
  );
  const { message, cause, retry, name } = new JobError("gone", { retry: false, cause: 1 });
  assert.deepEqual([message, cause, retry, name], ["gone", 1, false, "JobError"]);
  assert.ok(!("cause" in new JobError("busy")));
});

test("JobError refuses what would leave the job to be tried again as usual, and says where it was made", () => {
  const refusals: [unknown, string, RegExp][] = [
    [{ retry: "no" }, "OFFLOOP_OPTION_INVALID", /expected retry to be true or false, got "no"/],
    [{ retryAfterMs: "60" }, "OFFLOOP_OPTION_INVALID", /expected retryAfterMs to be a number, got "60"/],
    [30_000, "OFFLOOP_OPTION_INVALID", /expected its options as an object, got 30000/],
    [null, "OFFLOOP_OPTION_INVALID", /expected its options as an object, got null/],
    [new Error("x"), "OFFLOOP_OPTION_INVALID", /expected its options as an object, got an instance of Error/],
    [
      { retryable: false },
      "OFFLOOP_OPTION_UNKNOWN",
      /there is no option "retryable"; did you mean "retry"\?/,
    ],
  ];
  for (const [options, code, message] of refusals)
    assert.throws(
      () => new JobError("gone", options as never),
      (thrown: OffloopError) => {
        assert.equal(thrown.code, code);
        assert.match(thrown.message, message);
        assert.match(
          thrown.message,
          /at test\/jobs\/job-error\.test\.ts:\d+:\d+\n {2}fix write (new JobError|"retry")/,
        );
        return true;
      },
    );
});
