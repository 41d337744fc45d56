import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { TakenJob } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { Settlements } from "../../src/jobs/worker/settlements.ts";
import { withoutPostgres } from "../fixtures/databases.ts";
import { backends, jobTask, storeWith } from "../fixtures/job-engines.ts";

async function take(engine: Engine): Promise<TakenJob> {
  await engine.add({ task: "task", uuid: newUuid(), payload: { args: [] } });
  const [job] = await engine.take("task", 1);
  assert.ok(job);
  return job;
}

test("an outcome that cannot be stored now holds up no other", {
  skip: withoutPostgres(),
  timeout: 55_000,
}, async () => {
  const [, postgres] = backends;
  assert.ok(postgres);
  await using place = await postgres.start();
  const engine = await place.open([jobTask("task")]);
  assert.ok("url" in place.place);
  const [held, beside, later] = [await take(engine), await take(engine), await take(engine)];
  const client = new pg.Client(place.place.url);
  await client.connect();
  await client.query("begin");
  await client.query("select from offloop.job_attempt where job = $1 for update", [held.uuid]);

  const failed = Promise.withResolvers<void>();
  const settlements = new Settlements(engine, () => failed.resolve());
  const settle = (job: TakenJob): Promise<void> =>
    settlements.add({ claim: job, payload: job.payload, outcome: { kind: "done", result: job.uuid } });
  const stored = settle(held);
  const storedBeside = settle(beside);
  await failed.promise;
  await settle(later);
  await storedBeside;
  for (const job of [beside, later]) assert.equal((await engine.find(job))?.state, "done");
  assert.equal((await engine.find(held))?.state, "running");

  await client.query("commit");
  await stored;
  assert.equal((await engine.find(held))?.state, "done");
  await client.end();
});

test("a result that the database never stores in time becomes a failure, while it answers all else", {
  skip: withoutPostgres(),
  timeout: 55_000,
}, async () => {
  const [, postgres] = backends;
  assert.ok(postgres);
  await using place = await postgres.start();
  const engine = await place.open([jobTask("task")]);
  const job = await take(engine);
  // As for a result that is larger than what the network carries in that time.
  const settle: Engine["settle"] = async (settlements) => {
    if (settlements.some(({ outcome }) => outcome.kind === "done")) throw new Error("Query read timeout");
    return engine.settle(settlements);
  };
  const errors: unknown[] = [];
  const settlements = new Settlements(storeWith(engine, { settle }), (error) => errors.push(error), 1_000);
  await settlements.add({ claim: job, payload: job.payload, outcome: { kind: "done", result: "large" } });
  const failed = await engine.find(job);
  assert.equal(failed?.state, "failed");
  assert.equal(failed?.error?.message, "its result was not stored within 1 s: Query read timeout");
  assert.match(String(errors.at(-1)), new RegExp(`gave up storing the result of task:${job.uuid}`));
});
