import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { EnqueuedJob, Job, JobId, OffloopError, Server, TaskEvent, ThreadEvent } from "offloop";
import { serve } from "offloop";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

const folder = await mkdtemp(join(tmpdir(), "offloop-jobs-app-"));
process.env.JOURNAL = join(folder, "journal");
const {
  app,
  add,
  asyncSteps,
  addLater,
  doubled,
  doubledLater,
  endless,
  enqueues,
  exits,
  fails,
  failsLater,
  heap,
  map,
  slow,
  steps,
  stoppable,
  waits,
  withAsyncSession,
  withSession,
} = await import("../fixtures/apps/jobs.ts");

after(() => rm(folder, { recursive: true, force: true }));

/** The job as it ends. */
async function ended<Result>({ id }: EnqueuedJob<Result>): Promise<Job<Result>> {
  let last: Job<Result> | undefined;
  for await (const state of app.jobs.follow(id)) last = state;
  assert.ok(last, `${id} is gone`);
  return last;
}

/** Resolves when a job is in a state. */
async function reaches(job: EnqueuedJob, state: Job["state"]): Promise<Job> {
  for await (const now of app.jobs.follow(job.id)) if (now.state === state) return now;
  throw new Error(`${job.id} was never ${state}`);
}

async function journal(): Promise<string[]> {
  return (await readFile(process.env.JOURNAL as string, "utf8").catch(() => "")).split("\n");
}

for (const backend of ["PGlite", "PostgreSQL"] as const) {
  describe(`jobs of an app, on ${backend}`, { skip: backend === "PostgreSQL" && withoutPostgres() }, () => {
    let server: Server;
    let database: DatabaseServer | undefined;

    before(async () => {
      database = backend === "PostgreSQL" ? await startPostgres() : undefined;
      const jobs = database === undefined ? { dir: join(folder, "jobs") } : { url: database.url };
      server = await serve(app, {
        port: 0,
        signals: false,
        logLevel: "silent",
        jobs,
        threads: { max: 2, resourceLimits: { maxOldGenerationSizeMb: 64 } },
      });
    });
    after(async () => {
      await server.close();
      await database?.stop();
    });

    test("enqueue() of a plain and of an async task gives a job with its task's result", async () => {
      const [plain, async] = await Promise.all([
        ended(await add.enqueue(1, 2)),
        ended(await addLater.enqueue(3, 4)),
      ]);
      assert.deepEqual([plain.state, plain.result, plain.attempt], ["done", 3, 1]);
      assert.deepEqual([async.state, async.result], ["done", 7]);
      assert.equal((await app.jobs.attempts(plain.id))[0]?.outcome, "done");
    });

    test("enqueue() in an async operation and enqueueSync() in a plain one store a job each", async () => {
      for (const path of ["/add", "/add-sync"]) {
        const response = await fetch(server.url + path, {
          method: "POST",
          body: "[20, 22]",
          headers: { "content-type": "application/json" },
        });
        assert.equal((await ended((await response.json()) as EnqueuedJob)).result, 42);
      }
    });

    test("enqueueSync() in a job on a thread stores another; on the loop it is refused", async () => {
      const { result } = await ended(await enqueues.enqueue(1));
      assert.equal((await ended<unknown>({ id: result as string, task: "add" })).result, 2);
      assert.throws(() => add.enqueueSync(1, 2), { code: "OFFLOOP_ENQUEUE_LANE" });
    });

    test("enqueue() refuses arguments that do not fit, by their place", async () => {
      await assert.rejects(add.enqueue(1, "x" as never), {
        code: "OFFLOOP_JOB_ARGUMENT",
        message: /args\[1\]/,
      });
      await assert.rejects(addLater.enqueue(1, Number.NaN), {
        code: "OFFLOOP_JOB_ARGUMENT",
        message: /args\[1\]: NaN/,
      });
      await assert.rejects(addLater.with({ tx: {} }).enqueue(1, 2), { code: "OFFLOOP_JOBS_TRANSACTION" });
      assert.throws(() => addLater.with({ priorty: 1 } as object), { code: "OFFLOOP_OPTION_UNKNOWN" });
    });

    test("enqueue() and enqueueSync() refuse an uploaded file, and say to save it first", async () => {
      for (const path of ["/upload", "/upload-sync"]) {
        const body = new FormData();
        body.set("upload", new File(["a".repeat(100)], "a.txt", { type: "text/plain" }));
        const response = await fetch(server.url + path, { method: "POST", body });
        const refused = (await response.json()) as OffloopError;
        assert.equal(refused.code, "OFFLOOP_JOB_ARGUMENT");
        assert.match(
          refused.message,
          /^Cannot enqueue task "reads": args\[0\]: an uploaded file is gone after its request; save it first, and pass its path or key/,
        );
      }
      assert.deepEqual(await app.jobs.list({ task: "reads" }), []);
    });

    test("a durable task of a router runs as a job, on either lane", async () => {
      const [plain, later] = await Promise.all([
        ended(await doubled.enqueue(21)),
        ended(await doubledLater.enqueue(4)),
      ]);
      assert.deepEqual([plain.task, plain.state, plain.result], ["doubled", "done", 42]);
      assert.deepEqual([later.task, later.state, later.result], ["doubledLater", "done", 8]);
      const response = await fetch(`${server.url}/numbers/5`, { method: "POST" });
      for (const job of (await response.json()) as EnqueuedJob[]) assert.equal((await ended(job)).result, 10);
    });

    test("a task with deps has them opened and closed around its run, on either lane", async () => {
      for (const [task, prefix] of [
        [withSession, ""],
        [withAsyncSession, "async "],
      ] as const) {
        const before = (await journal()).length;
        const job = await ended(await task.enqueue("it"));
        assert.equal(job.result, job.id);
        const lines = (await journal()).slice(before - 1, -1);
        assert.deepEqual(lines, [`${prefix}session opened`, "saved it 1", `${prefix}session closed`]);
      }
    });

    test("a task with deps that is called, or runs after a response, has them and no job", async () => {
      assert.deepEqual(await (await fetch(`${server.url}/called/now`)).json(), { plain: null, async: null });
      assert.equal((await fetch(`${server.url}/called-sync/there`)).status, 200);
      assert.equal((await fetch(`${server.url}/background/after`, { method: "POST" })).status, 200);
      const wanted = ["saved now undefined", "saved there undefined", "saved after undefined"];
      for (;;) {
        const lines = await journal();
        if (wanted.every((line) => lines.includes(line)) && lines.at(-2) === "async session closed") return;
      }
    });

    test("a task that throws runs again, and is finally dead with its error and stack", async () => {
      const job = await ended(await fails.enqueue("no luck"));
      assert.deepEqual([job.state, job.attempt], ["dead", 2]);
      assert.deepEqual([job.error?.type, job.error?.message], ["TypeError", "no luck"]);
      assert.match(job.error?.stack ?? "", /jobs\.ts/);
      const { id } = await failsLater.enqueue("once");
      assert.equal((await ended({ id, task: "failsLater" })).state, "dead");
      assert.equal(await app.jobs.retry(id), true);
      assert.equal((await reaches({ id, task: "failsLater" }, "dead")).attempt, 2);
    });

    test("a job that ends its thread loses one attempt, and other jobs lose nothing", async () => {
      const beside = await waits.enqueue(1_500);
      const jobs = await Promise.all([heap.enqueue(), exits.enqueue(), slow.enqueue()]);
      const all = await Promise.all(jobs.map((job) => ended<unknown>(job)));
      assert.deepEqual(
        all.map(({ state, attempt }) => [state, attempt]),
        [
          ["dead", 1],
          ["dead", 1],
          ["dead", 1],
        ],
      );
      assert.match(all[0]?.error?.message ?? "", /memory/);
      assert.equal(all[2]?.error?.code, "OFFLOOP_TIMEOUT");
      assert.equal((await ended(beside)).state, "done");
      assert.equal(await (await fetch(server.url)).json(), "there");
    });

    test("a result that is not JSON makes the job dead at once", async () => {
      const job = await ended(await map.enqueue());
      assert.deepEqual([job.state, job.attempt, job.error?.code], ["dead", 1, "OFFLOOP_JOB_RESULT"]);
    });

    test("cancel() ends a plain job that never would, and aborts the signals of others", async (t) => {
      const { promise: reason, resolve } = Promise.withResolvers<unknown>();
      const listen = (message: unknown): void => {
        const { event, ran } = message as ThreadEvent;
        if (event === "kill") resolve(ran?.reason);
      };
      subscribe("offloop.thread", listen);
      t.after(() => unsubscribe("offloop.thread", listen));
      const plain = await stoppable.enqueue();
      // Its first line has run.
      for await (const { progress } of app.jobs.follow(plain.id)) if (progress === 0.5) break;
      const runs = async (): Promise<number> =>
        (await journal()).filter((line) => line === "endless started").length;
      const before = await runs();
      const never = await endless.enqueue();
      while ((await runs()) === before);
      for (const job of [plain, never, await waits.enqueue(60_000)]) {
        await reaches(job, "running");
        assert.equal(await app.jobs.cancel(job.id), true);
        assert.equal((await ended<unknown>(job)).state, "cancelled");
      }
      // The threads are free again.
      assert.equal((await ended(await add.enqueue(1, 1))).result, 2);
      assert.ok((await journal()).includes("stoppable stopped"));
      assert.equal(await reason, "cancelled");
    });

    test("a job that has ended keeps the progress that it said last, however quick it was", async () => {
      for (const job of [await steps.enqueue(10), await asyncSteps.enqueue(10)])
        assert.equal((await ended<unknown>(job)).progress, 1);
    });

    test("a cancelled job's run does not count as failed on the channel, and names its job", async (t) => {
      const ends: Extract<TaskEvent, { event: "end" }>[] = [];
      const listen = (message: unknown): void => {
        const event = message as TaskEvent;
        if (event.event === "end") ends.push(event);
      };
      subscribe("offloop.task", listen);
      t.after(() => unsubscribe("offloop.task", listen));
      const job = await waits.enqueue(60_000);
      await reaches(job, "running");
      await app.jobs.cancel(job.id);
      await ended<unknown>(job);
      const done = await add.enqueue(1, 1);
      await ended(done);
      const seen = ends.map(({ job: id, ok, cancelled }) => ({ id, ok, cancelled }));
      assert.deepEqual(
        seen.sort((a, b) => Number(a.ok) - Number(b.ok)),
        [
          { id: job.id, ok: false, cancelled: true },
          { id: done.id, ok: true, cancelled: false },
        ],
      );
    });

    test("follow() of a job that is not there says so, and where it was asked", async () => {
      const gone = `add:${randomUUID()}` as JobId;
      for (const id of [gone, "no id" as JobId]) {
        assert.equal(await app.jobs.get(id), undefined);
        const following = app.jobs.follow(id)[Symbol.asyncIterator]();
        await assert.rejects(following.next(), (error: OffloopError) => {
          assert.equal(error.code, "OFFLOOP_JOB_UNKNOWN");
          assert.ok(error.message.includes(id));
          assert.match(error.at?.file ?? "", /app\.test\.ts$/);
          return true;
        });
        assert.equal((await following.next()).done, true);
      }
    });

    test("with() has a job run at a time and not before; one that is past is now", async () => {
      const at = new Date(Date.now() + 3_000);
      const later = await addLater.with({ at }).enqueue(1, 2);
      const waiting = await app.jobs.get(later.id);
      assert.deepEqual([waiting?.state, waiting?.runAt], ["waiting", at]);
      const past = await addLater.with({ at: new Date(at.getTime() - 60_000) }).enqueue(1, 1);
      const [first, second] = await Promise.all([ended(past), ended(later)]);
      assert.deepEqual([first.result, second.result], [2, 3]);
      assert.ok((second.startedAt as Date) >= at);
      assert.ok((first.startedAt as Date) < (second.startedAt as Date));
      for (const wrong of [new Date(Number.NaN), "2030-01-01"])
        await assert.rejects(addLater.with({ at: wrong as Date }).enqueue(1, 2), {
          code: "OFFLOOP_OPTION_INVALID",
        });
    });

    test("with() delays, and a key gives the job that is there", async () => {
      const first = await addLater.with({ key: "a", delayMs: 60_000 }).enqueue(1, 1);
      const second = await addLater.with({ key: "a" }).enqueue(1, 1);
      assert.equal(second.id, first.id);
      assert.equal((await app.jobs.get(first.id))?.state, "waiting");
      assert.equal((await app.jobs.list({ task: "addLater", state: "waiting" })).length, 1);
      assert.equal(await app.jobs.retry(first.id), true);
      assert.equal((await ended(first)).result, 2);
    });
  });
}
