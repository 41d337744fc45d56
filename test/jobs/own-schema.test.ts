import assert from "node:assert/strict";
import { after, test } from "node:test";
import pg from "pg";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { Engine } from "../../src/jobs/postgres/engine.ts";
import { withoutPostgres } from "../fixtures/databases.ts";
import { backends, jobTask, type TestPlace } from "../fixtures/job-engines.ts";

const tasks = [jobTask("task")];
const own = ["job_ended", "job_keyed", "job_scheduled"];

async function indexes(place: Pick<TestPlace, "sql">): Promise<string[]> {
  const { rows } = await place.sql(
    `select indexname from pg_indexes
    where schemaname = 'offloop' and tablename = 'job' and indexname like 'job\\_%d' order by 1`,
  );
  return rows.map((row) => (row as { indexname: string }).indexname);
}

for (const { name, skip, start } of backends) {
  test(`a schema in ${name} that an older release made gets its indexes when it is opened`, {
    skip,
  }, async () => {
    await using place = await start();
    const former = await place.open(tasks);
    assert.deepEqual(await indexes(place), own);
    await place.sql("drop index offloop.job_ended");
    await place.sql("drop index offloop.job_keyed");
    await place.sql("drop index offloop.job_scheduled");
    await place.sql("create index job_cancelled on offloop.job (name, completed_on)");
    await former.close();
    await place.open(tasks);
    assert.deepEqual(await indexes(place), own, "and the former ones are gone");
    assert.deepEqual(place.errors, []);
  });
}

test("a role that may not create indexes is warned, and its jobs are kept", {
  skip: withoutPostgres(),
}, async () => {
  const database = (await startPostgres()) as DatabaseServer;
  after(() => database.stop());
  const open = (url: string, onError: (error: Error) => void): Promise<Engine> =>
    Engine.open({ place: { url }, schema: "offloop", tasks, maxConnections: 4, onError });
  const errors: Error[] = [];
  const owner = await open(database.url, (error) => errors.push(error));
  await owner.close();
  const admin = new pg.Client(database.url);
  await admin.connect();
  await admin.query(`drop index offloop.job_keyed;
    create role poor login;
    grant usage on schema offloop to poor;
    grant select, insert, update, delete on all tables in schema offloop to poor;
    grant execute on all functions in schema offloop to poor`);
  const poor = await open(database.url.replace("postgres@", "poor@"), (error) => errors.push(error));
  const uuid = await poor.add({ task: "task", uuid: crypto.randomUUID(), payload: { args: [] }, key: "k" });
  assert.deepEqual(
    (await poor.list({ key: "k", limit: 1 })).map((job) => job.uuid),
    [uuid],
  );
  await poor.close();
  const [told] = errors;
  assert.equal(errors.length, 1);
  assert.ok(told !== undefined && "code" in told && told.code === "OFFLOOP_JOBS_SCHEMA", String(told));
  await admin.end();
});
