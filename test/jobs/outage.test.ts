import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { type Command, fixture, listening, offloopWith } from "../fixtures/cli.ts";
import { type RestartedDatabase, restarted } from "../fixtures/database-proxies.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { backends, jobTask } from "../fixtures/job-engines.ts";

const onPostgres = { skip: withoutPostgres(), timeout: 120_000 };

/** An app, and the database that only it reaches. */
async function runs(
  t: TestContext,
  ...options: string[]
): Promise<{ running: Command; url: string; database: RestartedDatabase }> {
  const server = await postgres();
  const database = await restarted(server.url);
  const environment = { DATABASE_URL: database.url, JOB_MS: "600000", POLL_MS: "200" };
  const running = offloopWith(environment, "run", fixture("lost-jobs.ts"), "--port", "0", ...options);
  t.after(async () => {
    await running.insist("SIGKILL");
    await database[Symbol.asyncDispose]();
  });
  return { running, url: await listening(running), database };
}

async function post(url: string): Promise<string> {
  const { id } = (await (await fetch(url, { method: "POST" })).json()) as { id: string };
  return id;
}

const get = async (url: string): Promise<unknown> => (await fetch(url)).json();

/** Stops the database until the app breaks off its jobs. */
async function outage({ running, database }: Awaited<ReturnType<typeof runs>>): Promise<void> {
  await database.stop();
  await running.line(/broke off 1 job, since the database has not answered for 9 seconds/);
  await database.start();
}

test(
  "jobs that run while the database is away run again once it is back, which costs no attempt, and the log says so",
  onPostgres,
  async (t) => {
    const app = await runs(t);
    const id = await post(`${app.url}/obeys`);
    await app.running.line(/<obeys begins for time 1, attempt 1>/);
    await outage(app);
    await app.running.line(/the database answers again, after \d+ s/);
    await app.running.line(/<obeys begins for time 2, attempt 1>/);
    assert.deepEqual(await get(`${app.url}/attempts/${id}`), ["interrupted", null]);
  },
);

test(
  "a function that does not stop keeps its job when the database is back, and its result counts",
  onPostgres,
  async (t) => {
    const app = await runs(t);
    const id = await post(`${app.url}/ignores`);
    await app.running.line(/<ignores begins>/);
    await outage(app);
    await app.running.line(/<ignores is told to stop>/);
    await app.running.line(/the database answers again/);
    await fetch(`${app.url}/end`, { method: "POST" });
    assert.equal(await get(`${app.url}/follow/${id}`), "done");
    assert.deepEqual(await get(`${app.url}/attempts/${id}`), ["done"]);
  },
);

test(
  "a process that only enqueues says that the database is away, and when it is back",
  onPostgres,
  async (t) => {
    const { running, database } = await runs(t, "--no-work");
    await database.stop();
    await running.line(/"msg":"jobs: /);
    await database.start();
    await running.line(/jobs: the database answers again, after \d+ s/);
  },
);

const [, onServer] = backends;

for (const kind of ["lost", "interrupted"] as const)
  test(
    `a job that is taken from a process that stores its attempt as ${kind} is found dead, and not silently`,
    onPostgres,
    async () => {
      assert.ok(onServer);
      await using place = await onServer.start();
      const engine = await place.open([jobTask("once", { retries: 0 })]);
      const uuid = randomUUID();
      await engine.add({ task: "once", uuid, payload: { args: [] } });
      const [claim] = await engine.take("once", 1);
      assert.ok(claim);
      await place.sql(
        "update offloop.job set heartbeat_on = now() - interval '1 minute' where state = 'active'",
      );
      await engine.supervise();
      await engine.settle([{ claim, payload: claim.payload, outcome: { kind } }]);
      assert.deepEqual(await engine.endLost(), [{ task: "once", uuid, attempt: 1 }]);
      assert.deepEqual(
        (await engine.attempts(claim)).map(({ outcome }) => outcome),
        ["lost"],
      );
    },
  );
