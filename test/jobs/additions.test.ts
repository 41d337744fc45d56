import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import pg from "pg";
import type { NewJob, TakenJob } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { backends, describeOnEach, jobTask } from "../fixtures/job-engines.ts";

const tasks = [
  jobTask("many"),
  jobTask("mixed"),
  jobTask("refused"),
  jobTask("large"),
  jobTask("keyed"),
  jobTask("queued", { ordered: true }),
];

describeOnEach("jobs that are enqueued together,", tasks, (on) => {
  const add = (task: string, arg: unknown, more: Partial<NewJob> = {}): Promise<string> =>
    on.engine.add({ task, uuid: newUuid(), payload: { args: [arg] }, ...more });
  const addAll = (task: string, count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => add(task, index)));
  /** Of how many transactions the stored jobs of a task are. */
  const commitsOf = async (task: string): Promise<number> => {
    const { rows } = await on.place.sql(
      `select count(distinct xmin::text)::int as commits from offloop.job where name = '${task}'`,
    );
    return (rows[0] as { commits: number }).commits;
  };
  const takeAll = async (task: string): Promise<unknown[]> => {
    const taken: TakenJob[] = [];
    for (let more = await on.engine.take(task, 10); more.length > 0; more = await on.engine.take(task, 10))
      taken.push(...more);
    return taken.map(({ payload }) => payload?.args[0]);
  };

  test("are one commit, and are taken in the order in which they were enqueued", async () => {
    const uuids = await addAll("many", 40);
    assert.equal(new Set(uuids).size, 40);
    assert.equal(await commitsOf("many"), 1);
    const newest = await on.engine.list({ task: "many", limit: 3 });
    assert.deepEqual(
      newest.map(({ args }) => args[0]),
      [39, 38, 37],
    );
    assert.deepEqual(
      await takeAll("many"),
      Array.from({ length: 40 }, (_, index) => index),
    );
  });

  test("keep their own time, priority and id", async () => {
    const runAt = new Date(Date.now() + 3_600_000);
    const [later, urgent, plain] = await Promise.all([
      add("mixed", "later", { runAt }),
      add("mixed", "urgent", { priority: 7 }),
      add("mixed", "plain"),
    ]);
    assert.equal(await commitsOf("mixed"), 1);
    assert.deepEqual((await on.engine.find({ task: "mixed", uuid: later }))?.runAt, runAt);
    assert.equal((await on.engine.find({ task: "mixed", uuid: urgent }))?.priority, 7);
    assert.equal((await on.engine.find({ task: "mixed", uuid: plain }))?.key, undefined);
    assert.deepEqual(await takeAll("mixed"), ["urgent", "plain"]);
  });

  test("fail alone for what is refused of one of them", async () => {
    const results = await Promise.allSettled([
      add("refused", "first"),
      add("refused", "no text in PostgreSQL: \0"),
      add("refused", "second"),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.equal((results[1] as PromiseRejectedResult).reason.code, "22P05");
    assert.deepEqual(await takeAll("refused"), ["first", "second"]);
  });

  test("are several commits where they are large", async () => {
    const texts = [1, 3_000_000, 2, 3_000_000, 6_000_000, 3].map((length) => "x".repeat(length));
    await Promise.all(texts.map((text) => add("large", text)));
    assert.equal(await commitsOf("large"), 4);
    const lengths = (await takeAll("large")).map((text) => (text as string).length);
    assert.deepEqual(lengths.sort(), texts.map(({ length }) => length).sort());
  });

  test("are apart where they have a key or an order", async () => {
    const keyed = await Promise.all([1, 2, 3].map((arg) => add("keyed", arg, { key: "same" })));
    assert.deepEqual([...new Set(keyed)], [keyed[0]]);
    await addAll("queued", 3);
    assert.equal(await commitsOf("queued"), 3);
  });
});

const [, postgres] = backends;
test("a job that waits for another's transaction holds up no other job", {
  skip: postgres?.skip,
}, async () => {
  assert.ok(postgres);
  await using place = await postgres.start();
  const engine = await place.open(tasks);
  const add = (arg: string, more: Partial<NewJob> = {}, tx?: unknown): Promise<string> =>
    engine.add({ task: "keyed", uuid: newUuid(), payload: { args: [arg] }, ...more }, tx);
  assert.ok("url" in place.place);
  const client = new pg.Client(place.place.url);
  await client.connect();
  await client.query("begin");
  const first = await add("first", { key: "held" }, client);
  let hasEnded = false;
  const held = add("second", { key: "held" }).finally(() => {
    hasEnded = true;
  });
  for (let turn = 0; turn < 5; turn++) {
    await Promise.all([add("free"), add("free")]);
    await setImmediate();
  }
  assert.equal(hasEnded, false);
  await client.query("commit");
  assert.equal(await held, first);
  await client.end();
});
