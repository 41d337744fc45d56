import assert from "node:assert/strict";
import { test } from "node:test";
import { App, type Server, serve } from "offloop";
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
  const open = (role: string, schema = "offloop"): Promise<Server> =>
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
    create role stranger login; create role idle login; create role late login connection limit 0;
    create role worker login;
    grant usage on schema offloop to reader, standby, poor, idle, worker;
    grant select on all tables in schema offloop to reader, standby;
    grant select, insert, update, delete on all tables in schema offloop to poor, idle, worker;
    revoke execute on all functions in schema offloop from public;
    revoke update on offloop.job_attempt from poor;
    grant execute on all functions in schema offloop to reader, standby, poor, worker;
    create function offloop.of_another_app() returns int language sql as 'select 1';
    revoke execute on function offloop.of_another_app() from public;
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
  await assert.rejects(open("idle"), {
    code: "OFFLOOP_JOBS_SCHEMA",
    message:
      /^Cannot .* the schema "offloop".* the role "idle" has no right to execute on .*job_now.*\n {2}fix grant execute on all functions in schema offloop to "idle"$/,
  });
  await assert.rejects(open("stranger"), {
    code: "OFFLOOP_JOBS_SCHEMA",
    message:
      /^Cannot use the schema "offloop" for the jobs: permission denied for schema offloop\n {2}fix run .* grant usage on it/,
  });
  await assert.rejects(open("stranger", "another"), {
    code: "OFFLOOP_JOBS_SCHEMA",
    message:
      /^Cannot make the schema "another" for the jobs: permission denied for database postgres\n {2}fix run the SQL/,
  });
  const lateAt = performance.now();
  await assert.rejects(open("late"), {
    code: "OFFLOOP_JOBS_DATABASE",
    message: /too many connections.*\n {2}fix raise/,
  });
  const waitedMs = performance.now() - lateAt;
  const refusedAt = performance.now();
  await assert.rejects(open("stranger", "a_third"), { code: "OFFLOOP_JOBS_SCHEMA" });
  // A connection may become free, so that is tried again; a right is not granted by waiting.
  assert.ok(performance.now() - refusedAt < waitedMs / 2, "what waiting does not help is tried once");
  await (await open("worker")).close(); // it may not call a function that is none of pg-boss's
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
