import assert from "node:assert/strict";
import { test } from "node:test";
import { App, serve } from "offloop";
import pg from "pg";
import { Engine } from "../../src/jobs/postgres/engine.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { jobTask } from "../fixtures/job-engines.ts";

const app = new App();
app.task("task", { durable: true }, async () => {});
const tasks = [jobTask("task")];

test("a start says at once that jobs can be read but not written", {
  skip: withoutPostgres(),
  timeout: 60_000,
}, async () => {
  const { url } = await postgres();
  const open = (role: string, schema = "offloop"): Promise<unknown> =>
    serve(app, {
      port: 0,
      signals: false,
      logLevel: "silent",
      jobs: { url: url.replace("postgres@", `${role}@`), schema },
    });
  const owner = await Engine.open({
    ...{ place: { url }, schema: "offloop", tasks, maxConnections: 4, onError: () => {} },
  });
  await owner.close();
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`create role reader login; create role standby login; create role poor login;
    grant usage on schema offloop to reader, standby, poor;
    grant select on all tables in schema offloop to reader, standby;
    grant select, insert, update, delete on all tables in schema offloop to poor;
    revoke update on offloop.job_attempt from poor;
    grant execute on all functions in schema offloop to reader, standby, poor;
    alter role standby set default_transaction_read_only = on`);
  await admin.end();

  await assert.rejects(open("reader"), {
    code: "OFFLOOP_JOBS_SCHEMA",
    message: /^Cannot .*\n {2}fix .*/,
  });
  await assert.rejects(open("poor"), {
    code: "OFFLOOP_JOBS_SCHEMA",
    message:
      'Cannot keep jobs in the schema "offloop": the role "poor" has no right to update on job_attempt\n' +
      '  fix grant select, insert, update, delete on all tables in schema offloop to "poor"',
  });
  await assert.rejects(open("standby"), { code: "OFFLOOP_JOBS_DATABASE", message: /it takes no writes/ });
  await assert.rejects(open("standby", "another"), {
    code: "OFFLOOP_JOBS_DATABASE",
    message: /it takes no writes/,
  });
  for (const schema of ["order", "pg_jobs"])
    await assert.rejects(open("postgres", schema), {
      code: "OFFLOOP_OPTION_INVALID",
      message: new RegExp(`^Cannot use jobs.schema "${schema}": `),
    });
});
