import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import pg from "pg";
import type { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobRef } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { withoutPostgres } from "../fixtures/databases.ts";
import { backends, jobTask, lockWaits } from "../fixtures/job-engines.ts";

const failure = { type: "Error", message: "no" };

/** Begins to store that the job's attempt failed, and stops before the commit. @returns Goes on. */
async function failHalfway(engine: Engine, client: pg.Client, task: string): Promise<() => Promise<void>> {
  const [job] = await engine.take(task, 1);
  assert.ok(job);
  await client.query("begin");
  await client.query("select from offloop.job_attempt where job = $1 for update", [job.uuid]);
  const settled = engine.settle([
    { claim: job, payload: job.payload, outcome: { kind: "failed", error: failure } },
  ]);
  await waiting(engine, 1);
  return async () => {
    await client.query("commit");
    await settled;
  };
}

/** Resolves when so many statements wait for a lock. */
async function waiting(engine: Engine, count: number): Promise<void> {
  while ((await lockWaits((text) => engine.sql.executeSql(text))) < count) await setImmediate();
}

for (const [what, retries, ordered] of [
  ["another attempt", 1, false],
  ["no other attempt", 0, true],
] as const) {
  test(`a job that is cancelled while its failure is stored, and which has ${what}, is cancelled`, {
    skip: withoutPostgres(),
    timeout: 60_000,
  }, async () => {
    const [, postgres] = backends;
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open([jobTask("fails", { retries, ordered, backoffMs: 0 })]);
    assert.ok("url" in place.place);
    const client = new pg.Client(place.place.url);
    await client.connect();
    const job: JobRef = { task: "fails", uuid: newUuid() };
    await engine.add({ ...job, payload: { args: [] } });
    const goOn = await failHalfway(engine, client, "fails");
    const cancelled = engine.cancel(job);
    await waiting(engine, 2);
    await goOn();
    assert.equal(await cancelled, true);
    assert.equal((await engine.find(job))?.state, "cancelled");
    assert.deepEqual(await engine.take("fails", 1), []);
    assert.equal(await engine.cancel(job), false);
    await client.end();
  });
}
