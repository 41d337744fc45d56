import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { Engine } from "../../src/jobs/postgres/engine.ts";
import type { OpenStep } from "../../src/jobs/postgres/engine-setup.ts";
import { silentFrom, statementPooler } from "../fixtures/database-proxies.ts";
import { withoutPostgres } from "../fixtures/databases.ts";
import { jobTask } from "../fixtures/job-engines.ts";

const tasks = [jobTask("task")];

function open(url: string): Promise<Engine> {
  return Engine.open({ place: { url }, schema: "offloop", tasks, maxConnections: 4, onError: () => {} });
}

/** What is sent in each step, after which nothing passes. */
const steps: [string, OpenStep][] = [
  ["user\0", "looking for its schema"],
  ["SELECT version()", "looking for its schema"],
  ["BEGIN\0", "trying a transaction"],
  ["to_regclass($2", "making what its schema lacks"],
  ["LISTEN ", "listening to notices"],
];

describe("jobs in a database that does not answer", { skip: withoutPostgres() }, () => {
  let database: DatabaseServer;

  before(async () => {
    database = (await startPostgres()) as DatabaseServer;
  });
  after(() => database.stop());

  test("open() refuses a database whose PgBouncer is in statement mode", { timeout: 60_000 }, async () => {
    await using proxied = await statementPooler(database.url);
    await assert.rejects(open(proxied.url), {
      code: "OFFLOOP_JOBS_DATABASE",
      message:
        "Cannot open the database of the jobs: PgBouncer is in statement mode, and jobs need transactions\n" +
        "  fix set its pool_mode to session or transaction, or let jobs.url name PostgreSQL itself",
    });
  });

  test("open() of one that takes connections and answers nothing more says what it was asked for", {
    timeout: 120_000,
  }, async () => {
    await (await open(database.url)).close();
    const refusals = steps.map(async ([text, step]) => {
      await using proxied = await silentFrom(database.url, text);
      await assert.rejects(
        open(proxied.url),
        {
          code: "OFFLOOP_JOBS_DATABASE",
          message: new RegExp(`: no answer within 5000 ms while ${step}\n  fix `),
        },
        text,
      );
    });
    await Promise.all(refusals);
  });

  test("close() ends although nothing passes any more", { timeout: 60_000 }, async () => {
    await using proxied = await silentFrom(database.url, "from now on");
    const engine = await open(proxied.url);
    void engine.sql.executeSql("select 'from now on'").catch(() => {});
    await engine.close();
  });
});
