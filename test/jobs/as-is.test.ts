import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { test } from "node:test";
import pg from "pg";
import { Engine } from "../../src/jobs/postgres/engine.ts";
import type { JobsPlace } from "../../src/jobs/postgres/engine-setup.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { type Backend, backends, jobTask } from "../fixtures/job-engines.ts";

const [former, added] = [jobTask("former"), jobTask("added")];

/** An engine as commands have it. */
function openAsIs(place: JobsPlace, errors: Error[] = []): Promise<Engine> {
  const onError = (error: Error): void => void errors.push(error);
  return Engine.open({
    ...{ place, schema: "offloop", tasks: [former, added], maxConnections: 2, asIs: true, onError },
  });
}

for (const { name, skip, start } of backends) {
  test(`as it is: a place without jobs is refused, and nothing is made in it, on ${name}`, {
    skip,
  }, async () => {
    await using test = await start();
    const { place } = test;
    await assert.rejects(openAsIs(place), {
      code: "dir" in place ? "OFFLOOP_JOBS_FOLDER" : "OFFLOOP_JOBS_SCHEMA",
      message: /^Cannot find the jobs: .*\n {2}fix .*$/,
    });
    if ("dir" in place) return assert.ok(!existsSync(`${place.dir}/pg`));
    const client = new pg.Client(place.url);
    await client.connect();
    const { rows } = await client.query("select to_regnamespace('offloop') as made");
    await client.end();
    assert.deepEqual(rows, [{ made: null }]);
  });

  test(`as it is: jobs are read, cancelled and retried, and what the release lacks is not made, on ${name}`, {
    skip,
  }, async () => {
    await using test = await start();
    const owner = await test.open([former]);
    const uuid = await owner.add({ task: "former", uuid: randomUUID(), payload: { args: [] } });
    await test.sql("drop index offloop.job_ended");
    await owner.close();
    const engine = await openAsIs(test.place, test.errors);
    try {
      assert.deepEqual(
        (await engine.list({ limit: 9 })).map((job) => job.uuid),
        [uuid],
      );
      assert.deepEqual(
        (await engine.depths()).map(({ task, waiting }) => [task, waiting]),
        [
          ["former", 1],
          ["added", 0],
        ],
      );
      for (const change of ["cancel", "retry"] as const) {
        assert.equal(await engine[change]({ task: "former", uuid }), true);
        for (const task of ["added", "of nobody"]) assert.equal(await engine[change]({ task, uuid }), false);
      }
      const { rows } = await engine.sql.executeSql(
        "select array(select name from offloop.queue) as queues, to_regclass('offloop.job_ended') as index",
      );
      assert.deepEqual(rows, [{ queues: ["former"], index: null }]);
      assert.deepEqual(test.errors, []);
    } finally {
      await engine.close();
    }
  });
}

test("as it is: a role that may only read, on a server that takes no writes, lists and counts", {
  skip: withoutPostgres(),
}, async () => {
  const { url } = await postgres();
  const options = { schema: "offloop", tasks: [former], maxConnections: 2, onError: () => {} };
  await (await Engine.open({ ...options, place: { url } })).close();
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`create role reader login; grant usage on schema offloop to reader;
    grant select on all tables in schema offloop to reader;
    alter role reader set default_transaction_read_only = on`);
  await admin.end();
  const errors: Error[] = [];
  const reader = await openAsIs({ url: url.replace("postgres@", "reader@") }, errors);
  assert.deepEqual(await reader.list({ limit: 9 }), []);
  assert.equal((await reader.depths()).length, 2);
  await reader.close();
  assert.deepEqual(errors, []);
});

test("a schema of another version: an older one is not brought up to date by a command, a newer one is said at a start and used", {
  skip: withoutPostgres(),
}, async () => {
  await using test = await (backends[1] as Backend).start();
  const move = async (by: number): Promise<number> => {
    const engine = await test.open([former]);
    const { rows } = await engine.sql.executeSql(
      `update offloop.version set version = version + ${by} returning version`,
    );
    await engine.close();
    return rows[0].version;
  };
  const older = await move(-1);
  await assert.rejects(openAsIs(test.place), {
    code: "OFFLOOP_JOBS_SCHEMA",
    message: new RegExp(`it has version ${older}, and the installed pg-boss needs ${older + 1}\n {2}fix `),
  });
  assert.equal(await move(1), older + 2, "a start has brought it up to date");
  assert.equal(test.errors.length, 0);

  const engine = await test.open([former]);
  const uuid = await engine.add({ task: "former", uuid: randomUUID(), payload: { args: [] } });
  await engine.close();
  assert.deepEqual(
    test.errors.map((error) => [(error as { code?: string }).code, error.message.split("\n")[0]]),
    [
      [
        "OFFLOOP_JOBS_SCHEMA",
        `Cannot vouch for jobs in the schema "offloop": a newer pg-boss made it (version ${older + 2}), and the installed one knows ${older + 1}`,
      ],
    ],
  );
  const asked: Error[] = [];
  const beside = await openAsIs(test.place, asked);
  assert.equal((await beside.find({ task: "former", uuid }))?.state, "waiting");
  await beside.close();
  assert.deepEqual(asked, []);
});
