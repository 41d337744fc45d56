import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { JobState } from "../../src/app/tasks/jobs.ts";
import { MemoryStore } from "../../src/jobs/memory.ts";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobFilter, JobStore, NewJob, Outcome } from "../../src/jobs/store.ts";
import { backends, jobTask, type TestPlace } from "../fixtures/job-engines.ts";

const tasks = [jobTask("first", { retries: 0 }), jobTask("second")];
const error = { type: "Error", message: "it broke" };

interface OpenStore extends AsyncDisposable {
  readonly store: JobStore;
}

const stores = [
  ...backends.map(({ name, skip, start }) => ({
    name,
    skip,
    open: async (): Promise<OpenStore> => {
      const place = await start();
      return {
        store: await place.open(tasks),
        [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
      };
    },
  })),
  {
    name: "memory",
    skip: false,
    open: async (): Promise<OpenStore> => {
      let now = Date.now();
      return {
        // Databases tell microseconds apart.
        store: new MemoryStore(tasks, { now: () => ++now }),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  },
];

for (const { name, skip, open } of stores) {
  describe(`the list of jobs in ${name}`, { skip }, () => {
    let opened: OpenStore;
    let store: JobStore;

    before(async () => {
      opened = await open();
      store = opened.store;
    });
    after(() => opened[Symbol.asyncDispose]());

    const add = (task: string, arg: string, more: Partial<NewJob> = {}): Promise<string> =>
      store.add({ task, uuid: randomUUID(), payload: { args: [arg] }, ...more });
    const run = async (task: string, outcome: Outcome): Promise<void> => {
      const [job] = await store.take(task, 1);
      assert.ok(job);
      await store.settle([{ claim: job, payload: job.payload, outcome }]);
    };
    const names = async (filter: Partial<JobFilter>): Promise<unknown[]> =>
      (await store.list({ limit: 50, ...filter })).map(({ args }) => args[0]);
    /** Every page, one after the other. */
    const walk = async (filter: Partial<JobFilter>, limit: number): Promise<unknown[][]> => {
      const pages: unknown[][] = [];
      let after: JobFilter["after"];
      for (;;) {
        const page = await store.list({ ...filter, limit, after });
        if (page.length === 0) return pages;
        pages.push(page.map(({ args }) => args[0]));
        after = page.at(-1);
      }
    };

    test("has the newest first, over all tasks, and pages that follow one another", async () => {
      for (const arg of ["a", "b", "c", "d", "e"]) await add(arg < "c" ? "first" : "second", arg);
      assert.deepEqual(await names({}), ["e", "d", "c", "b", "a"]);
      assert.deepEqual(await walk({}, 2), [["e", "d"], ["c", "b"], ["a"]]);
      assert.deepEqual(await walk({ task: "second" }, 2), [["e", "d"], ["c"]]);
    });

    test("has those that wait in the order in which they may run", async () => {
      await add("first", "tomorrow", { runAt: new Date(Date.now() + 86_400_000) });
      await add("first", "in an hour", { runAt: new Date(Date.now() + 3_600_000) });
      const soonest = ["a", "b", "c", "d", "e", "in an hour", "tomorrow"];
      assert.deepEqual(await names({ state: "waiting" }), soonest);
      assert.deepEqual((await walk({ state: "waiting" }, 3)).flat(), soonest);
    });

    test("has those that ended by when they did, and depths() counts them", async () => {
      await run("second", { kind: "done", result: 1 }); // c
      await run("first", { kind: "failed", error }); // a, dead
      await run("first", { kind: "done", result: 1 }); // b
      await run("second", { kind: "failed", error }); // d
      const [last] = await store.list({ state: "waiting", task: "second", limit: 1 });
      assert.ok(last && (await store.cancel(last))); // e
      const listed = async (state: JobState): Promise<unknown[]> => names({ state });
      assert.deepEqual(await listed("done"), ["b", "c"]);
      assert.deepEqual(await walk({ state: "done" }, 1), [["b"], ["c"]]);
      assert.deepEqual(await listed("dead"), ["a"]);
      assert.deepEqual(await listed("failed"), ["d"]);
      assert.deepEqual(await listed("cancelled"), ["e"]);
      const depths = await store.depths();
      const counts = depths.map(({ task, waiting, failed, dead, ended }) => [
        task,
        waiting,
        failed,
        dead,
        ended,
      ]);
      assert.deepEqual(counts, [
        ["first", 2, 0, 1, 1],
        ["second", 0, 1, 0, 2],
      ]);
    });

    test("finds the jobs of a key, ended ones too", async () => {
      await add("second", "keyed once", { key: "k" });
      await run("second", { kind: "done", result: 1 });
      await add("second", "keyed again", { key: "k" });
      await add("second", "other", { key: "l" });
      await add("first", "keyed", { key: "k" });
      assert.deepEqual(await names({ key: "k" }), ["keyed", "keyed again", "keyed once"]);
      assert.deepEqual(await names({ key: "k", state: "done" }), ["keyed once"]);
      assert.deepEqual(await walk({ key: "k", task: "second" }, 1), [["keyed again"], ["keyed once"]]);
      assert.deepEqual(await names({ key: "none" }), []);
    });

    test("has nothing after a job that is not there", async () => {
      assert.deepEqual(await names({ after: { task: "first", uuid: randomUUID() } }), []);
    });
  });
}

const [, postgres] = backends;
describe("the list of jobs among 100,000 waiting and as many ended ones", { skip: postgres?.skip }, () => {
  let place: TestPlace;
  let engine: Engine;

  before(async () => {
    assert.ok(postgres);
    place = await postgres.start();
    engine = await place.open(tasks);
  });
  after(() => place[Symbol.asyncDispose]());

  const fill = (state: string, jobs: number): Promise<unknown> =>
    place.sql(
      `insert into offloop.job (id, name, data, state, policy, singleton_key, created_on, start_after, completed_on)
      select gen_random_uuid(), 'first', '{"args": []}', '${state}', 'exclusive', gen_random_uuid()::text, made, made,
        ${state === "created" ? "null" : "made + interval '1 second'"}
      from (select now() - interval '1 hour' + n * interval '1 ms' as made from generate_series(1, ${jobs}) n) made`,
    );
  /** The median of some. */
  const timeOf = async (filter: JobFilter): Promise<number> => {
    const times: number[] = [];
    for (let turn = 0; turn < 9; turn++) {
      const begun = performance.now();
      await engine.list(filter);
      times.push(performance.now() - begun);
    }
    return times.sort((a, b) => a - b)[4] as number;
  };

  test("costs as much as it does among few", async () => {
    const filters = [undefined, "waiting", "running", "done", "dead", "failed"] as const;
    const times = async (): Promise<number[]> => {
      await place.sql("analyze offloop.job");
      const all: number[] = [];
      for (const state of filters) all.push(await timeOf({ state, limit: 50 }));
      return all;
    };
    await fill("completed", 100);
    await fill("created", 100);
    const few = await times();
    // A statement ends after five seconds.
    for (let tenth = 0; tenth < 10; tenth++) {
      await fill("completed", 10_000);
      await fill("created", 10_000);
    }
    const many = await times();
    const deep = await engine.list({ state: "waiting", limit: 1_000 });
    const next = await timeOf({ state: "waiting", limit: 50, after: deep.at(-1) });
    for (const [index, state] of filters.entries()) {
      const [before = 0, after = 0] = [few[index], many[index]];
      // Reading all of them takes a hundred times as long.
      assert.ok(after < 12 * Math.max(before, 0.5), `${state ?? "all"}: ${before} ms, then ${after} ms`);
    }
    assert.ok(next < 12 * Math.max(few[1] ?? 0, 0.5), `the page after 1,000: ${next} ms`);
  });
});
