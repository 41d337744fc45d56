import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { OffloopError } from "offloop";
import { BATCH, type ChangeOfMany, changeAll } from "../../src/jobs/change-all.ts";
import { MemoryStore } from "../../src/jobs/memory.ts";
import type { JobRef, JobStore } from "../../src/jobs/store.ts";
import { describeOnEach, jobTask, storeWith } from "../fixtures/job-engines.ts";

const tasks = [
  jobTask("many", { retries: 0 }),
  jobTask("again", { retries: 0 }),
  jobTask("left", { retries: 0 }),
  jobTask("keyed", { retries: 0 }),
  jobTask("together", { retries: 0 }),
  jobTask("half", { retries: 0 }),
  jobTask("refused", { retries: 0 }),
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

const retryIn = (store: JobStore): ChangeOfMany => ({
  verb: "retry",
  many: (jobs, changed) => store.retryMany(jobs, changed),
});

const inState = async (store: JobStore, task: string, state: "dead" | "failed"): Promise<number> =>
  (await store.listRefs({ task, state, limit: 2_000 })).length;

async function changesEach(store: JobStore): Promise<void> {
  await die(store, "many", BATCH + 30);
  await die(store, "left", 2);
  const retry = retryIn(store);
  assert.equal(await changeAll(store, { task: "many", state: "dead", key: undefined }, retry), BATCH + 30);
  assert.deepEqual([await inState(store, "many", "dead"), await inState(store, "left", "dead")], [0, 2]);
  assert.equal(await changeAll(store, { task: "many", state: "dead", key: undefined }, retry), 0, "again");
}

async function changesOnce(store: JobStore): Promise<void> {
  await die(store, "again", BATCH + 30);
  const changed = await changeAll(
    store,
    { task: "again", state: "dead", key: undefined },
    {
      verb: "retry",
      many: async (jobs, changed) => {
        await store.retryMany(jobs, changed);
        await die(store, "again", 0); // they run at once, and are dead again
      },
    },
  );
  assert.equal(changed, BATCH + 30);
  assert.equal(await inState(store, "again", "dead"), BATCH + 30);
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
    const chosen = { task: "keyed", state: "dead", key: undefined } as const;
    assert.equal(await changeAll(on.engine, chosen, retryIn(on.engine)), 1);
    assert.equal(await inState(on.engine, "keyed", "dead"), 1);
  });

  test("begins again where the job that it goes on from has left the state", async () => {
    await die(on.engine, "left", 2 * BATCH + 10);
    const all = await inState(on.engine, "left", "dead");
    let first: JobRef | undefined;
    let lists = 0;
    const store = storeWith(on.engine, {
      listRefs: async (filter) => {
        if (++lists === 2) await on.engine.retry(filter.after as JobRef); // by someone else
        return on.engine.listRefs(filter);
      },
    });
    const changed = await changeAll(
      store,
      { task: "left", state: "dead", key: undefined },
      {
        verb: "retry",
        many: (jobs, changed) => {
          first ??= jobs[0];
          return on.engine.retryMany(
            jobs.filter((job) => job !== first),
            changed,
          );
        },
      },
    );
    assert.equal(changed, all - 1);
    assert.equal(await inState(on.engine, "left", "dead"), 0);
  });

  test("changes a batch in one transaction, and tells of each job", async () => {
    await die(on.engine, "together", 3);
    const chosen = { task: "together", state: "dead", key: undefined } as const;
    const all = await on.engine.listRefs({ ...chosen, limit: 10 });
    const heard = new Set<string>();
    const told = Promise.withResolvers<void>();
    const stop = on.engine.listen((notice) => {
      if (notice.kind === "changed" || notice.kind === "cancelled")
        heard.add(`${notice.kind} ${notice.uuid}`);
      if (heard.size === 2 * all.length) told.resolve();
    });
    assert.equal(await changeAll(on.engine, chosen, retryIn(on.engine)), 3);
    const { rows } = await on.engine.sql.executeSql(
      "select count(distinct xmin::text)::int as transactions from offloop.job where id = any ($1::uuid[])",
      [all.map(({ uuid }) => uuid)],
    );
    assert.deepEqual(rows, [{ transactions: 1 }]);
    const [taken] = await on.engine.take("together", 1);
    assert.equal(await on.engine.cancel(taken as JobRef), true);
    // One runs no more, and two wait.
    const cancelled = new Set<string>();
    await on.engine.cancelMany(all, cancelled);
    assert.deepEqual(cancelled, new Set(without(all, taken as JobRef)));
    await told.promise;
    stop();
  });

  test("says how many are done where it fails half-way, and is safe to repeat", async () => {
    await die(on.engine, "half", BATCH + 5);
    const chosen = { task: "half", state: "dead", key: undefined } as const;
    let batches = 0;
    const failing: ChangeOfMany = {
      verb: "retry",
      many: (jobs, changed) =>
        ++batches === 2 ? Promise.reject(new Error("away")) : on.engine.retryMany(jobs, changed),
    };
    await assert.rejects(changeAll(on.engine, chosen, failing), (thrown: OffloopError) => {
      assert.equal(thrown.code, "OFFLOOP_JOBS_UNFINISHED");
      assert.match(
        thrown.message,
        /^Cannot retry all jobs in the state "dead": 500 jobs will run, and then: away\n/,
      );
      return true;
    });
    assert.equal(await changeAll(on.engine, chosen, retryIn(on.engine)), 5);
    const error = new Error("away");
    const none: ChangeOfMany = { verb: "retry", many: () => Promise.reject(error) };
    await die(on.engine, "half", 0);
    await assert.rejects(changeAll(on.engine, chosen, none), error);
  });

  test("counts those of a batch that are done one by one before one of them fails", async () => {
    await die(on.engine, "refused", 5);
    const chosen = { task: "refused", state: "dead", key: undefined } as const;
    const last = (await on.engine.listRefs({ ...chosen, limit: 10 })).at(-1) as JobRef;
    for (const statement of [
      `create function offloop.refuse() returns trigger language plpgsql as
        $$ begin raise exception 'a deadlock' using errcode = '40P01'; end $$`,
      `create trigger refuse before update on offloop.job for each row
        when (old.id = '${last.uuid}') execute function offloop.refuse()`,
    ])
      await on.engine.sql.executeSql(statement);
    await assert.rejects(changeAll(on.engine, chosen, retryIn(on.engine)), (thrown: OffloopError) => {
      assert.equal(thrown.code, "OFFLOOP_JOBS_UNFINISHED");
      assert.match(thrown.message, /"dead": 4 jobs will run, and then: a deadlock\n/);
      return true;
    });
    assert.deepEqual(await on.engine.listRefs({ ...chosen, limit: 10 }), [last]);
    await on.engine.sql.executeSql("drop trigger refuse on offloop.job");
  });
});

function without(jobs: readonly JobRef[], { uuid }: JobRef): string[] {
  return jobs.map((job) => job.uuid).filter((other) => other !== uuid);
}

test("jobs in memory are changed together as those in a database", async () => {
  const store = new MemoryStore(tasks, { now: Date.now });
  await changesEach(store);
  await changesOnce(store);
});
