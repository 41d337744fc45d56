import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import pg from "pg";
import { StallingProxy } from "../../bench/jobs/proxy.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import { STATEMENT_MS } from "../../src/jobs/postgres/engine-setup.ts";
import type { LostAttempt, TakenJob } from "../../src/jobs/store.ts";
import { ThreadPulse, upkeep } from "../../src/jobs/worker/pulse.ts";
import { backends, jobTask, type TestPlace } from "../fixtures/job-engines.ts";

const tasks = [jobTask("beaten")];

/** The threads that start from now on. */
function startedThreads(t: TestContext): Worker[] {
  const threads: Worker[] = [];
  const note = (message: unknown): void => void threads.push((message as { worker: Worker }).worker);
  subscribe("worker_threads", note);
  t.after(() => unsubscribe("worker_threads", note));
  return threads;
}

async function takeOne(engine: Engine): Promise<TakenJob> {
  await engine.add({ task: "beaten", uuid: randomUUID(), payload: { args: [] } });
  const [job] = await engine.take("beaten", 1);
  assert.ok(job);
  return job;
}

/** Resolves once the attempt has been reported after it was taken. */
async function reported(place: TestPlace, { uuid }: TakenJob): Promise<void> {
  const beat = async (): Promise<string> => {
    const { rows } = await place.sql(`select heartbeat_on::text as at from offloop.job where id = '${uuid}'`);
    return (rows as { at: string }[])[0]?.at ?? "";
  };
  const first = await beat();
  while ((await beat()) === first);
}

test("upkeep() tidies up once at a time, and its end waits for that: the store closes next", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const [begun, swept] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const done: string[] = [];
  const engine = {
    supervise: async () => {
      done.push("supervise");
      begun.resolve();
      await swept.promise;
    },
    endLost: async () => [],
    sweep: async () => void done.push("sweep"),
  };
  const unwanted = (error: unknown): void => assert.fail(String(error));
  const pulse = upkeep(engine, { onLost: () => {}, onDead: () => {}, onAnswer: () => {}, onError: unwanted });
  t.mock.timers.tick(60_000);
  await begun.promise;
  t.mock.timers.tick(60_000);
  const closed = pulse.close().then(() => done.push("closed"));
  swept.resolve();
  await closed;
  assert.deepEqual(done, ["supervise", "sweep", "closed"]);
});

test("close() of a pulse whose thread has ended resolves", { timeout: 30_000 }, async (t) => {
  const [threads, errors] = [startedThreads(t), [] as unknown[]];
  const listener = {
    onLost: () => {},
    onDead: () => {},
    onAnswer: () => {},
    onError: (error: unknown) => void errors.push(error),
  };
  const place = { url: "postgres://postgres@127.0.0.1:9/none" };
  const pulse = new ThreadPulse({ place, schema: "offloop", tasks }, listener);
  await threads[0]?.terminate();
  await pulse.close();
  assert.equal(threads.length, 1);
  assert.match(String(errors.at(-1)), /the thread that reports running jobs ended with code \d/);
});

const [, postgres] = backends;
const onPostgres = { skip: postgres?.skip ?? false, timeout: 120_000 };

test(
  "when the thread of a pulse ends its attempts are given up, and those that follow are reported",
  onPostgres,
  async (t) => {
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open(tasks);
    const threads = startedThreads(t);
    const lost = Promise.withResolvers<readonly LostAttempt[]>();
    const listener = { onLost: lost.resolve, onDead: () => {}, onAnswer: () => {}, onError: () => {} };
    const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
    const job = await takeOne(engine);
    pulse.add(job);
    await threads[0]?.terminate();
    const given = (await lost.promise).map(({ claim, why }) => [claim.uuid, why]);
    assert.deepEqual(given, [[job.uuid, "lost"]]);
    const next = await takeOne(engine);
    pulse.add(next);
    await reported(place, next);
    assert.equal(threads.length, 2);
    await pulse.close();
  },
);

test("remove() of an attempt whose job was taken again leaves the one that has it", onPostgres, async () => {
  assert.ok(postgres);
  await using place = await postgres.start();
  const engine = await place.open(tasks);
  const listener = { onLost: () => {}, onDead: () => {}, onAnswer: () => {}, onError: () => {} };
  const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
  const first = await takeOne(engine);
  pulse.add(first);
  await engine.cancel(first);
  await engine.retry(first);
  const [second] = await engine.take("beaten", 1);
  assert.ok(second);
  pulse.add(second);
  pulse.remove(first);
  // The first report may have been on its way.
  for (const _ of ["first", "second"]) await reported(place, second);
  await pulse.close();
});

test(
  "attempts are given up before their jobs are given to others when nothing passes any more",
  onPostgres,
  async () => {
    assert.ok(postgres);
    await using place = await postgres.start();
    assert.ok("url" in place.place);
    await using proxy = await StallingProxy.open(place.place.url);
    const engine = await place.open(tasks);
    const [lost, again] = [1, 2].map(() => Promise.withResolvers<readonly LostAttempt[]>());
    assert.ok(lost && again);
    let hear = lost.resolve;
    const listener = {
      onLost: (attempts: readonly LostAttempt[]) => hear(attempts),
      onDead: () => {},
      onAnswer: () => {},
      onError: () => {},
    };
    const pulse = new ThreadPulse({ place: { url: proxy.url }, schema: "offloop", tasks }, listener);
    const job = await takeOne(engine);
    pulse.add(job);
    await reported(place, job);
    proxy.cut();
    const given = (await lost.promise).map(({ claim, why }) => [claim.uuid, why]);
    assert.deepEqual(given, [[job.uuid, "silent"]]);
    const { rows } = await place.sql(
      `select heartbeat_on + heartbeat_seconds * interval '1 second' > clock_timestamp() as "isOwn"
    from offloop.job where id = '${job.uuid}'`,
    );
    assert.deepEqual(rows, [{ isOwn: true }]);
    // The database was there for a moment, and the first attempt goes on.
    hear = again.resolve;
    const next = await takeOne(engine);
    pulse.add(next);
    assert.ok((await again.promise).some(({ claim }) => claim.uuid === next.uuid));
    await pulse.close();
  },
);

test(
  "a process that has just started takes no jobs from those that may only be back a moment later",
  onPostgres,
  async () => {
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open(tasks);
    const listener = { onLost: () => {}, onDead: () => {}, onAnswer: () => {}, onError: () => {} };
    const [other, own] = [await takeOne(engine), await takeOne(engine)];
    await place.sql(
      `update offloop.job set heartbeat_on = now() - interval '1 minute' where id = '${other.uuid}'`,
    );
    const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
    pulse.add(own);
    // It tidies up with every second report, and is through with that before the next.
    for (const _ of ["first", "second", "third"]) await reported(place, own);
    assert.deepEqual(await engine.beat([other]), []);
    await pulse.close();
  },
);

test(
  "a clock of the database that is set forward takes no job from those that report it a moment later",
  onPostgres,
  async () => {
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open(tasks);
    const listener = { onLost: () => {}, onDead: () => {}, onAnswer: () => {}, onError: () => {} };
    const [other, own] = [await takeOne(engine), await takeOne(engine)];
    const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
    pulse.add(own);
    const hasLooked = async (): Promise<boolean> => {
      await engine.beat([other]);
      await reported(place, own);
      const { rows } = await place.sql("select from offloop.queue where monitor_on is not null");
      return rows.length > 0;
    };
    while (!(await hasLooked()));
    await place.sql(`create or replace function offloop.job_now() returns timestamptz language sql stable as
      $$ select pg_catalog.now() + interval '1 hour' $$`);
    // It tidies up with every second report, and is through with that before the next.
    for (const _ of ["first", "second", "third"]) await reported(place, own);
    assert.deepEqual(await engine.beat([other]), []);
    await pulse.close();
  },
);

test(
  "lost jobs are found while counting those that wait takes longer than any other statement may",
  onPostgres,
  async () => {
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open(tasks);
    const lost = await takeOne(engine);
    await place.sql(
      `update offloop.job set heartbeat_on = now() - interval '1 minute' where id = '${lost.uuid}'`,
    );
    // As where millions wait: pg-boss counts, stores its counts, and only then looks for lost jobs.
    await place.sql(`create function offloop.count_long() returns trigger language plpgsql as
    $$ begin perform pg_sleep(${(STATEMENT_MS + 1_000) / 1_000}); return new; end $$`);
    await place.sql(`create trigger counts_long before update of queued_count on offloop.queue
    for each row execute function offloop.count_long()`);
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const listener = { onLost: () => {}, onDead: () => {}, onAnswer: () => {}, onError };
    const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
    while ((await engine.find(lost))?.state === "running" && errors.length === 0);
    await pulse.close();
    assert.deepEqual(errors, []);
    assert.equal((await engine.find(lost))?.state, "failed");
  },
);

/** The process of a statement of the upkeep that waits for a lock, and is none of those known. */
async function nextWaiting(place: TestPlace, known: readonly number[]): Promise<number> {
  // pg-boss looks by itself for indexes to make, which is no part of the upkeep.
  const statement = `select pid from pg_stat_activity
    where wait_event_type = 'Lock' and query not like '%bam_on%' and pid <> all (array[${known.join(", ")}]::int[])`;
  for (;;) {
    const [found] = (await place.sql(statement)).rows as { pid: number }[];
    if (found !== undefined) return found.pid;
  }
}

/** Keeps a lock, until it is disposed of, for which the upkeep has to wait, and neither jobs nor beats. */
async function lockVersion(place: TestPlace): Promise<AsyncDisposable> {
  assert.ok("url" in place.place);
  const client = new pg.Client(place.place.url);
  await client.connect();
  await client.query("begin; lock table offloop.version in access exclusive mode");
  return { [Symbol.asyncDispose]: () => client.end() };
}

test(
  "an attempt learns that its job was cancelled while the upkeep waits for a lock",
  onPostgres,
  async () => {
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open(tasks);
    let hear = (_: string): void => {};
    const listener = {
      onLost: ([attempt]: readonly LostAttempt[]) => hear(String(attempt?.why)),
      onDead: () => {},
      onAnswer: () => {},
      onError: () => hear("failed"),
    };
    const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
    let job = await takeOne(engine);
    pulse.add(job);
    await reported(place, job);
    await using _ = await lockVersion(place);
    const waiting: number[] = [];
    // Nothing gives the upkeep its lock: if beats waited for it, the first news would always be that it failed.
    for (;;) {
      waiting.push(await nextWaiting(place, waiting));
      const { promise, resolve } = Promise.withResolvers<string>();
      hear = resolve;
      await engine.cancel(job);
      const news = await promise;
      if (news === "cancelled") break;
      assert.equal(news, "failed");
      job = await takeOne(engine);
      pulse.add(job);
    }
    await pulse.close();
  },
);
