import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "offloop/testing";
import type { Jobs } from "../../src/app/tasks/jobs.ts";
import { InspectedJobs } from "../../src/inspector/jobs.ts";
import { app, welcome } from "../fixtures/apps/tested-jobs.ts";

const everything = { task: null, state: null, find: null, after: null };

/** The jobs of the app, which count how often they are counted. */
function counted(jobs: Jobs, counts: () => ReturnType<Jobs["counts"]>): { jobs: Jobs; asked: () => number } {
  let asked = 0;
  const counting: Jobs = {
    get: (id) => jobs.get(id),
    list: (filter) => jobs.list(filter),
    attempts: (id) => jobs.attempts(id),
    cancel: (id) => jobs.cancel(id),
    retry: (id) => jobs.retry(id),
    retryAll: (chosen) => jobs.retryAll(chosen),
    cancelAll: (chosen) => jobs.cancelAll(chosen),
    follow: (id) => jobs.follow(id),
    counts: () => {
      asked++;
      return counts();
    },
  };
  return { jobs: counting, asked: () => asked };
}

test("InspectedJobs counts once for everyone who asks meanwhile, and again after an action", async () => {
  await using _client = await testClient(app);
  const job = await welcome.enqueue("ada");
  const { jobs, asked } = counted(app.jobs, () => app.jobs.counts());
  const inspected = new InspectedJobs(jobs);
  const pages = await Promise.all(Array.from({ length: 20 }, () => inspected.page(everything)));
  assert.equal(asked(), 1);
  assert.equal(pages[19]?.tasks?.find(({ task }) => task === "welcome")?.waiting, 1);
  assert.deepEqual(await inspected.act("cancel", [job.id]), { done: [job.id], refused: [] });
  const { tasks } = await inspected.page(everything);
  assert.equal(asked(), 2);
  assert.deepEqual(
    tasks?.filter(({ task }) => task === "welcome").map(({ waiting, ended }) => [waiting, ended]),
    [[0, 1]],
  );
});

test("InspectedJobs shows jobs also while they cannot be counted", async () => {
  await using _client = await testClient(app);
  await welcome.enqueue("ada");
  const { jobs } = counted(app.jobs, () => Promise.reject(new Error("statement timeout")));
  const { tasks, jobs: shown } = await new InspectedJobs(jobs).page({ ...everything, task: "welcome" });
  assert.equal(tasks, null);
  assert.deepEqual(
    shown.map(({ args }) => args),
    ['"ada"'],
  );
});

test("InspectedJobs shortens what is long", async () => {
  await using _client = await testClient(app);
  const long = "ü".repeat(100_000);
  const { id } = await welcome.enqueue(long);
  const inspected = new InspectedJobs(app.jobs);
  const { jobs } = await inspected.page({ ...everything, task: "welcome" });
  assert.equal(jobs[0]?.args.length, 161);
  const sheet = await inspected.sheet(id);
  assert.equal(sheet?.args.length, 20_001);
});

test("InspectedJobs pages through ended jobs of both kinds without losing one", async () => {
  await using client = await testClient(app);
  const enqueued: string[] = [];
  for (let at = 0; at < 60; at++) {
    const { id } = await welcome.enqueue("ada");
    enqueued.push(id);
    if (at % 2 === 0) await app.jobs.cancel(id);
    else await client.jobs.drain();
    await client.jobs.clock.advance(1);
  }
  await welcome.enqueue("waits");
  const inspected = new InspectedJobs(app.jobs);
  const ended = { ...everything, task: "welcome", state: "ended" };
  const first = await inspected.page(ended);
  const second = await inspected.page({ ...ended, after: first.next });
  assert.equal(first.jobs.length, 50);
  assert.deepEqual(
    [...first.jobs, ...second.jobs].map(({ id }) => id),
    enqueued.toReversed(),
  );
  assert.deepEqual([second.jobs.length, second.next], [10, null]);
});
