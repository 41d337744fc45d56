import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { STATEMENT_MS } from "../../src/jobs/postgres/engine-setup.ts";
import type { Notice, Outcome, TakenJob } from "../../src/jobs/store.ts";
import { describeOnEach, jobTask } from "../fixtures/job-engines.ts";

const tasks = [
  jobTask("plain"),
  jobTask("send mail/größe"),
  jobTask("keyed"),
  jobTask("retried"),
  jobTask("ordered", { ordered: true, retries: 0 }),
  jobTask("narrow", { concurrency: 2 }),
  jobTask("once", { retries: 1 }),
  jobTask("ranked"),
  jobTask("poor", { retries: 0 }),
  jobTask("blocked"),
  jobTask("set", { retries: 2, backoffMs: 7_000, keepMs: 60_000 }),
  jobTask("timed", { schedule: { mark: "0 2 * * *", since: 1_000 } }),
];

describeOnEach("engine", tasks, (on) => {
  const add = (task: string, args: unknown[] = [], more: object = {}): Promise<string> =>
    on.engine.add({ task, uuid: randomUUID(), payload: { args }, ...more });
  const takeOne = async (task: string): Promise<TakenJob> => {
    const [job] = await on.engine.take(task, 1);
    assert.ok(job, `no job of ${task} to take`);
    return job;
  };
  const settle = (job: TakenJob, outcome: Outcome): Promise<void> =>
    on.engine.settle([{ claim: job, payload: job.payload, outcome }]);
  const error = { type: "Error", message: "it broke" };

  test("add() stores what take() returns, and settle() ends it", async () => {
    const uuid = await add("send mail/größe", ["ada", { nested: [1, null, "ü"] }]);
    const waiting = await on.engine.find({ task: "send mail/größe", uuid });
    assert.equal(waiting?.state, "waiting");
    assert.equal(waiting.attempt, 0);
    assert.deepEqual(await on.engine.due(["plain", "send mail/größe"]), ["send mail/größe"]);
    const job = await takeOne("send mail/größe");
    assert.equal(job.uuid, uuid);
    assert.deepEqual(job.payload?.args, ["ada", { nested: [1, null, "ü"] }]);
    assert.equal((await on.engine.find(job))?.state, "running");
    await on.engine.saveProgress(job, 0.25);
    assert.equal((await on.engine.find(job))?.progress, 0.25);
    await settle(job, { kind: "done", result: 42 });
    const done = await on.engine.find(job);
    assert.equal(done?.state, "done");
    assert.equal(done.result, 42);
    assert.equal(done.attempt, 1);
    assert.ok(done.endedAt instanceof Date && done.startedAt instanceof Date);
    assert.deepEqual(await on.engine.due(["send mail/größe"]), []);
  });

  test("settle() of a failure has the job run again, later each time, until it is dead", async () => {
    const uuid = await add("once");
    const first = await takeOne("once");
    await settle(first, { kind: "failed", error });
    const failed = await on.engine.find(first);
    assert.equal(failed?.state, "failed");
    assert.deepEqual(failed.error, error);
    assert.ok(failed.runAt.getTime() > Date.now() - 1_000);
    assert.deepEqual(await on.engine.take("once", 1), [], "it waits for its time");
    assert.equal(await on.engine.retry(first), true);
    const second = await takeOne("once");
    assert.equal(second.uuid, uuid);
    assert.equal(second.takes, 1);
    await settle(second, { kind: "failed", error });
    assert.equal((await on.engine.find(first))?.state, "dead");
    const attempts = await on.engine.attempts(first);
    assert.deepEqual(
      attempts.map(({ attempt, outcome }) => [attempt, outcome]),
      [
        [1, "failed"],
        [2, "failed"],
      ],
    );
    assert.deepEqual(attempts[0]?.error, error);
  });

  test("settle() of another's attempt is not heard", async () => {
    await add("plain");
    const first = await takeOne("plain");
    await settle(first, { kind: "failed", error });
    await on.engine.retry(first);
    const second = await takeOne("plain");
    assert.deepEqual(await on.engine.beat([first]), [{ claim: first, why: "lost" }]);
    assert.deepEqual(await on.engine.beat([second]), []);
    await settle(first, { kind: "done", result: "late" });
    assert.equal((await on.engine.find(first))?.state, "running");
    await settle(second, { kind: "done", result: "right" });
    assert.equal((await on.engine.find(first))?.result, "right");
  });

  test("settle() of an interruption puts the job back, its attempt not counted", async () => {
    await add("poor", [1]);
    for (const _ of [1, 2, 3]) {
      const job = await takeOne("poor");
      await settle(job, { kind: "interrupted" });
      const back = await on.engine.find(job);
      assert.equal(back?.state, "waiting");
      assert.equal(back.attempt, 0);
    }
    const job = await takeOne("poor");
    assert.equal((await on.engine.find(job))?.attempt, 1);
    assert.deepEqual(job.payload?.args, [1]);
    assert.equal(job.lostBefore, false);
    await settle(job, { kind: "failed", error });
    assert.equal((await on.engine.find(job))?.state, "dead");
    const outcomes = (await on.engine.attempts(job)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["interrupted", "interrupted", "interrupted", "failed"]);
  });

  test("settle() as dead leaves no attempts, and retry() gives one more", async () => {
    await add("plain");
    const job = await takeOne("plain");
    await settle(job, { kind: "dead", error });
    assert.equal((await on.engine.find(job))?.state, "dead");
    assert.equal(await on.engine.retry(job), true);
    const again = await takeOne("plain");
    await settle(again, { kind: "done", result: undefined });
    assert.equal((await on.engine.find(job))?.state, "done");
    assert.equal(await on.engine.retry(job), false, "what is done does not run again");
  });

  test("cancel() stops a waiting job, and a running one learns of it from its beat", async () => {
    const uuid = await add("plain");
    assert.equal(await on.engine.cancel({ task: "plain", uuid }), true);
    assert.deepEqual(await on.engine.take("plain", 1), []);
    assert.equal(await on.engine.cancel({ task: "plain", uuid }), false);
    const kept = await add("plain");
    const running = await takeOne("plain");
    assert.deepEqual(await on.engine.beat([running]), []);
    const heard = Promise.withResolvers<Notice>();
    const stop = on.engine.listen(
      (notice) => "uuid" in notice && notice.uuid === kept && heard.resolve(notice),
    );
    await on.engine.cancel({ task: "plain", uuid: kept });
    assert.deepEqual(await heard.promise, { kind: "cancelled", task: "plain", uuid: kept, takes: 0 });
    stop();
    assert.deepEqual(await on.engine.beat([running]), [{ claim: running, why: "cancelled" }]);
    await settle(running, { kind: "cancelled" });
    assert.equal((await on.engine.find(running))?.state, "cancelled");
  });

  test("add() with a key gives the job that waits or runs with it", async () => {
    const first = await add("keyed", [1], { key: "a" });
    assert.equal(await add("keyed", [2], { key: "a" }), first);
    assert.notEqual(await add("keyed", [3], { key: "b" }), first);
    const job = await takeOne("keyed");
    assert.equal(await add("keyed", [4], { key: "a" }), first, "while it runs");
    await settle(job, { kind: "done", result: undefined });
    const next = await add("keyed", [5], { key: "a" });
    assert.notEqual(next, first);
    assert.equal((await on.engine.find({ task: "keyed", uuid: next }))?.key, "a");
  });

  test("cancel() gives up one that is dead, and the next of its key may run", async () => {
    await add("ordered", ["gives up"], { key: "given up" });
    const next = await add("ordered", ["goes on"], { key: "given up" });
    const dead = await takeOne("ordered");
    await settle(dead, { kind: "failed", error });
    assert.equal((await on.engine.find(dead))?.state, "dead");
    assert.deepEqual(await on.engine.take("ordered", 1), []);
    assert.equal(await on.engine.cancel(dead), true);
    assert.equal((await on.engine.find(dead))?.state, "cancelled");
    assert.equal(await on.engine.cancel(dead), false);
    const job = await takeOne("ordered");
    assert.equal(job.uuid, next);
    await settle(job, { kind: "done", result: 1 });
  });

  test("retry() is false while another job has the key, and true when a worker has the job at once", async () => {
    await add("retried", ["first"], { key: "retried" });
    const first = await takeOne("retried");
    await settle(first, { kind: "dead", error });
    const second = await add("retried", ["second"], { key: "retried" });
    assert.equal(await on.engine.retry(first), false);
    assert.equal((await on.engine.find(first))?.state, "dead");
    assert.equal(await on.engine.cancel({ task: "retried", uuid: second }), true);
    const takes: Promise<readonly TakenJob[]>[] = [];
    // Told by the database, as a worker is.
    const stop = on.engine.listen(({ kind }) => {
      if (kind === "enqueued") takes.push(on.engine.take("retried", 1));
    });
    assert.equal(await on.engine.retry(first), true);
    stop();
    const [again = await takeOne("retried")] = (await Promise.all(takes)).flat();
    assert.equal(again.uuid, first.uuid);
    await settle(again, { kind: "done", result: 1 });
  });

  test("retry() of a job that was cancelled while it ran leaves no attempt that seems to have died", async () => {
    await add("plain");
    const first = await takeOne("plain");
    await on.engine.cancel(first);
    assert.equal(await on.engine.retry(first), true);
    const second = await takeOne("plain");
    assert.deepEqual([second.uuid, second.lostBefore], [first.uuid, false]);
    await settle(first, { kind: "cancelled" });
    await settle(second, { kind: "done", result: undefined });
    const outcomes = (await on.engine.attempts(first)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["cancelled", "done"]);
  });

  test("add() with an id that is there stores nothing", async () => {
    const uuid = randomUUID();
    await on.engine.add({ task: "plain", uuid, payload: { args: [1] } });
    await on.engine.add({ task: "plain", uuid, payload: { args: [2] } });
    const job = await takeOne("plain");
    assert.deepEqual(job.payload?.args, [1]);
    assert.deepEqual(await on.engine.take("plain", 1), []);
    await settle(job, { kind: "done", result: undefined });
  });

  test("take() of an ordered task gives one of a key at a time, and one that is dead holds the rest", async () => {
    for (const [key, arg] of [
      ["x", 1],
      ["x", 2],
      ["y", 3],
    ] as const)
      await add("ordered", [arg], { key });
    const jobs = await on.engine.take("ordered", 10);
    assert.deepEqual(
      jobs.map(({ payload }) => payload?.args[0]),
      [1, 3],
    );
    await settle(jobs[0] as TakenJob, { kind: "failed", error });
    assert.equal((await on.engine.find(jobs[0] as TakenJob))?.state, "dead");
    assert.deepEqual(await on.engine.take("ordered", 10), []);
    await on.engine.retry(jobs[0] as TakenJob);
    const again = await takeOne("ordered");
    assert.deepEqual(again.payload?.args, [1]);
    await settle(again, { kind: "done", result: undefined });
    assert.deepEqual((await takeOne("ordered")).payload?.args, [2]);
  });

  test("take() of an ordered task without keys gives one after the other", async () => {
    await add("ordered", ["first"]);
    await add("ordered", ["second"]);
    const jobs = await on.engine.take("ordered", 10);
    assert.deepEqual(
      jobs.map(({ payload }) => payload?.args[0]),
      ["first"],
    );
    await settle(jobs[0] as TakenJob, { kind: "done", result: undefined });
    assert.deepEqual((await takeOne("ordered")).payload?.args, ["second"]);
  });

  test("take() gives no more than the task's concurrency, however many ask", async () => {
    for (let index = 0; index < 10; index++) await add("narrow", [index]);
    const taken = (await Promise.all([1, 2, 3, 4].map(() => on.engine.take("narrow", 5)))).flat();
    assert.equal(taken.length, 2);
    await settle(taken[0] as TakenJob, { kind: "done", result: undefined });
    assert.equal((await on.engine.take("narrow", 5)).length, 1);
  });

  test("take() goes by priority, then by age, and leaves jobs that are due later", async () => {
    await add("ranked", ["old"]);
    await add("ranked", ["new"]);
    await add("ranked", ["urgent"], { priority: 5 });
    await add("ranked", ["later"], { runAt: new Date(Date.now() + 3_600_000) });
    const order = (await on.engine.take("ranked", 10)).map(({ payload }) => payload?.args[0]);
    assert.deepEqual(order, ["urgent", "old", "new"]);
    assert.equal((await on.engine.list({ task: "ranked", state: "waiting", limit: 5 })).length, 1);
  });

  test("list() and depths() count by task and state", async () => {
    const depth = (await on.engine.depths()).find(({ task }) => task === "ranked");
    assert.deepEqual(depth && [depth.waiting, depth.running], [1, 3]);
    const dead = await on.engine.list({ state: "dead", limit: 50 });
    assert.ok(dead.every(({ state }) => state === "dead") && dead.length >= 1);
    const all = await on.engine.list({ limit: 3 });
    assert.equal(all.length, 3);
  });

  test("take() knows a job whose process died with it", async () => {
    await add("once", ["lost"]);
    const job = await takeOne("once");
    // What a process that dies leaves: an attempt that never ends, and a job that is given to another.
    await on.engine.settle([]);
    const { rows } = await on.place.sql(
      `update offloop.job set state = 'retry', start_after = now() where id = '${job.uuid}' returning id`,
    );
    assert.equal(rows.length, 1);
    const again = await takeOne("once");
    assert.equal(again.lostBefore, true);
    await settle(again, { kind: "done", result: undefined });
    assert.deepEqual(
      (await on.engine.attempts(job)).map(({ outcome }) => outcome),
      ["lost", "done"],
    );
  });

  test("take() of a loop that is blocked for longer than a statement may take costs no attempt", {
    skip: on.name === "PGlite" && "no statement of its own thread is given up",
  }, async () => {
    await add("blocked");
    const errors = on.place.errors.length;
    for (const turns of [1, 4, 8]) {
      const taking = on.engine.take("blocked", 1).catch(() => []);
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      const until = performance.now() + STATEMENT_MS + 200;
      while (performance.now() < until);
      const [taken] = await taking;
      const job = taken ?? (await takeOne("blocked"));
      assert.equal((await on.engine.find(job))?.attempt, 1);
      assert.equal(job.lostBefore, false);
      await settle(job, { kind: "interrupted" });
    }
    const job = await takeOne("blocked");
    const outcomes = (await on.engine.attempts(job)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["interrupted", "interrupted", "interrupted", undefined]);
    await settle(job, { kind: "done", result: undefined });
    on.place.errors.splice(errors);
  });

  test("add() gives a job the settings that its task has here, though a process of another release set the queue's", async () => {
    await on.place.sql(
      "update offloop.queue set retry_limit = 9, retry_delay = 9, retry_delay_max = 9, deletion_seconds = 9 where name = 'set'",
    );
    await add("set");
    await add("set", [], { key: "alone" });
    const { rows } = await on.place.sql(
      "select retry_limit, retry_delay, retry_delay_max, deletion_seconds from offloop.job where name = 'set'",
    );
    const own = { retry_limit: 2, retry_delay: 7, retry_delay_max: 3_600, deletion_seconds: 60 };
    assert.deepEqual(rows, [own, own]);
  });

  test("dropSchedules() removes the waiting occurrences of former schedules only, and reports newer ones", async () => {
    const runAt = new Date(Date.now() + 3_600_000);
    const old = await add("plain", [], { payload: { args: [], schedule: "0 1 * * *" }, runAt });
    const current = await add("plain", [], { payload: { args: [], schedule: "0 2 * * *" }, runAt });
    const other = await add("plain", [], { runAt });
    const mark = "0 2 * * *";
    assert.equal(await on.engine.dropSchedules("plain", { mark, since: 1_000 }), false);
    assert.equal(await on.engine.find({ task: "plain", uuid: old }), undefined);
    const payload = { args: [], schedule: "0 3 * * *", scheduledSince: 1_001 };
    const newer = await add("plain", [], { payload, runAt });
    assert.equal(await on.engine.dropSchedules("plain", { mark, since: 1_000 }), true);
    assert.equal((await on.engine.find({ task: "plain", uuid: newer }))?.state, "waiting");
    assert.equal((await on.engine.find({ task: "plain", uuid: current }))?.state, "waiting");
    assert.equal((await on.engine.find({ task: "plain", uuid: other }))?.state, "waiting");
  });

  test("take() removes occurrences of former schedules that were stored since, and takes all others", async () => {
    const occurrence = (schedule: string, scheduledSince: number): Promise<string> =>
      add("timed", [], { payload: { args: [], schedule, scheduledSince } });
    const former = await occurrence("0 1 * * *", 999);
    const wanted = [
      await occurrence("0 2 * * *", 999),
      await occurrence("0 3 * * *", 1_001), // of a release that began later
      await add("timed"),
    ];
    const taken = await on.engine.take("timed", 10);
    assert.deepEqual(
      taken.map(({ uuid }) => uuid),
      wanted,
    );
    assert.equal(await on.engine.find({ task: "timed", uuid: former }), undefined);
  });

  test("no error was reported meanwhile", () => assert.deepEqual(on.place.errors, []));
});
