import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, afterEach, before, describe, test } from "node:test";
import { type EnqueuedJob, type Job, type Server, serve } from "offloop";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { add, app, blocks, endless, waits } from "../fixtures/apps/jobs.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

describe("jobs across processes", { skip: withoutPostgres() }, () => {
  let database: DatabaseServer;
  let server: Server;
  const workers = new Set<ChildProcess>();

  before(async () => {
    database = (await startPostgres()) as DatabaseServer;
    server = await serve(app, {
      port: 0,
      signals: false,
      logLevel: "silent",
      work: false,
      jobs: { url: database.url },
    });
  });
  afterEach(async () => {
    for (const worker of workers) worker.kill("SIGKILL");
    await Promise.all(
      [...workers].map((worker) => worker.exitCode ?? worker.signalCode ?? once(worker, "exit")),
    );
    workers.clear();
  });
  after(async () => {
    await server.close();
    await database.stop();
  });

  /** Starts `offloop work`, and resolves when it says that it works. */
  async function work(): Promise<ChildProcess> {
    const args = [
      "--conditions=offloop:source",
      "src/cli/main.ts",
      "work",
      "test/fixtures/apps/jobs.ts",
      "--threads",
      "2",
    ];
    const env = { ...process.env, DATABASE_URL: database.url, GRACE_MS: "300" };
    const worker = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    workers.add(worker);
    for await (const line of createInterface(worker.stdout)) if (line.includes("works on")) break;
    worker.stdout.resume();
    return worker;
  }

  async function reaches(job: EnqueuedJob, fits: (job: Job) => boolean): Promise<Job> {
    for await (const now of app.jobs.follow(job.id)) if (fits(now)) return now;
    throw new Error(`${job.id} never got there`);
  }
  const runs = (attempt: number) => (job: Job) => job.state === "running" && job.attempt === attempt;

  test("a job that never ends, cancelled from another process, is ended, and its neighbours are not", async () => {
    await work();
    const job = await endless.enqueue();
    await reaches(job, runs(1));
    const neighbour = await waits.enqueue(3_000);
    await reaches(neighbour, ({ state }) => state !== "waiting");
    const start = performance.now();
    assert.equal(await app.jobs.cancel(job.id), true);
    for (;;) {
      const [attempt] = await app.jobs.attempts(job.id);
      if (attempt?.endedAt !== undefined) break;
    }
    const endedMs = performance.now() - start;
    assert.ok(endedMs < 3_000, `it ended after ${endedMs} ms, and the docs promise 3 s`);
    assert.equal((await app.jobs.attempts(job.id))[0]?.outcome, "cancelled");
    assert.equal((await reaches(await add.enqueue(1, 2), ({ state }) => state === "done")).result, 3);
    assert.equal((await reaches(neighbour, ({ state }) => state === "done")).attempt, 1);
  });

  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    test(`${signal} puts what has not ended back, its attempt not counted, and another process runs it`, async () => {
      const first = await work();
      const jobs = [await endless.enqueue(), await waits.enqueue(60_000)];
      await Promise.all(jobs.map((job) => reaches(job, runs(1))));
      first.kill(signal);
      const [code] = await once(first, "exit");
      assert.equal(code, 0);
      for (const job of jobs) {
        const now = await app.jobs.get(job.id as string);
        assert.deepEqual([now?.state, now?.attempt], ["waiting", 0]);
      }
      await work();
      await Promise.all(jobs.map((job) => reaches(job, runs(1))));
      for (const job of jobs) await app.jobs.cancel(job.id);
    });
  }

  test("SIGKILL costs a job one attempt; one that blocks its loop for longer than a heartbeat loses none", async () => {
    const first = await work();
    const lost = await endless.with({ key: "lost" }).enqueue();
    await reaches(lost, runs(1));
    // Its attempt is noted right after it was taken.
    while ((await app.jobs.attempts(lost.id)).length === 0);
    first.kill("SIGKILL");
    await once(first, "exit");
    const second = await work();
    const blocking = await blocks.enqueue(14_000);
    await reaches(blocking, runs(1));
    const done = await reaches(blocking, ({ state }) => state !== "running");
    assert.deepEqual([done.state, done.attempt], ["done", 1]);
    const dead = await reaches(lost, ({ state }) => state === "dead");
    assert.match(dead.error?.message ?? "", /its process ended/);
    await app.jobs.retry(lost.id);
    await reaches(lost, runs(2));
    while ((await app.jobs.attempts(lost.id)).length === 1);
    assert.deepEqual(
      (await app.jobs.attempts(lost.id)).map(({ outcome }) => outcome),
      ["lost", undefined],
    );
    // One that was lost with its process runs alone: what comes meanwhile waits.
    const later = await add.enqueue(1, 1);
    assert.equal((await app.jobs.get(later.id))?.state, "waiting");
    await app.jobs.cancel(lost.id);
    assert.equal((await reaches(later, ({ state }) => state === "done")).result, 2);
    second.kill("SIGTERM");
  });
});
