import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { type EnqueuedJob, type Job, type Server, serve } from "offloop";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { add, app, blocks, failsLater, waits } from "../fixtures/apps/jobs.ts";
import { type Command, fixture, listening, offloopWith } from "../fixtures/cli.ts";
import { type Client, createClient } from "../fixtures/client.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

/** A loop that has been blocked for this long fails liveness. */
const DEAD_MS = 30_000;

/** Runs `offloop work` with probes on this port. */
function work(t: TestContext, DATABASE_URL: string, HEALTH_PORT = "0"): Command {
  const command = offloopWith({ DATABASE_URL, HEALTH_PORT }, "work", fixture("jobs.ts"), "--threads", "2");
  t.after(() => command.child.kill("SIGKILL"));
  return command;
}

/** A client of its probes. */
async function operatorOf(t: TestContext, command: Command): Promise<Client> {
  const operator = createClient(/http:\/\/[\d.:]+/.exec(await command.line(/health at/))?.[0] ?? "");
  t.after(() => operator.close());
  return operator;
}

interface Probed {
  readonly status: number;
  readonly body: { readonly status: string; readonly blockedMs?: number };
}

async function probe(operator: Client, path: "/livez" | "/readyz"): Promise<Probed> {
  const { status, body } = await operator.ask(path);
  return { status, body: JSON.parse(body.toString()) as Probed["body"] };
}

/** Resolves when it works on jobs. */
async function ready(operator: Client): Promise<void> {
  while ((await probe(operator, "/readyz")).status !== 200);
}

/** The port of a server that takes connections and says nothing. */
async function silentPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("offloop work: while it waits for its database it is alive and not ready", async (t) => {
  const command = work(t, `postgresql://postgres@127.0.0.1:${await silentPort(t)}/postgres`);
  const operator = await operatorOf(t, command);
  const starting = { status: "starting" };
  assert.deepEqual(await probe(operator, "/readyz"), { status: 503, body: starting });
  assert.deepEqual(await probe(operator, "/livez"), { status: 200, body: starting });
  while ((await operator.ask("/metrics")).status !== 200); // they open after the lifespans
  assert.equal((await operator.ask("/")).status, 404, "it serves nothing of the app");
});

test("offloop work: a health.port that another process has is one sentence, before it takes a job", async (t) => {
  const port = await silentPort(t);
  const command = work(t, "postgresql://postgres@127.0.0.1:1/postgres", String(port));
  const { msg } = JSON.parse(await command.line(/OFFLOOP_PORT_UNAVAILABLE/)) as { msg: string };
  assert.match(
    msg,
    new RegExp(
      `^OFFLOOP_PORT_UNAVAILABLE: Cannot listen on 127\\.0\\.0\\.1:${port} for health probes: .*EADDRINUSE.*\\n {2}fix set health\\.port to a port that no other process of this machine has$`,
    ),
  );
  assert.equal((await command.ended()).code, 1);
});

describe("offloop work with health.port and metrics", { skip: withoutPostgres() }, () => {
  let database: DatabaseServer;
  let server: Server;

  before(async () => {
    database = (await startPostgres()) as DatabaseServer;
    const jobs = { url: database.url };
    server = await serve(app, { port: 0, signals: false, logLevel: "silent", work: false, jobs });
  });
  after(async () => {
    await server.close();
    await database.stop();
  });

  async function reaches(job: EnqueuedJob, state: Job["state"]): Promise<void> {
    for await (const now of app.jobs.follow(job.id)) if (now.state === state) return;
    throw new Error(`${job.id} never was ${state}`);
  }

  test("it is ready once it works, and its metrics count the attempts that ended there", async (t) => {
    const command = work(t, database.url);
    const operator = await operatorOf(t, command);
    await command.line(/works on/);
    await ready(operator);
    const [done, dead] = [await add.enqueue(1, 2), await failsLater.enqueue("no luck")];
    await Promise.all([reaches(done, "done"), reaches(dead, "dead")]);
    const { headers, body } = await operator.ask("/metrics");
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
    const lines = body.toString().split("\n");
    for (const line of [
      'offloop_job_attempts_total{task="add",outcome="done"} 1',
      'offloop_job_attempts_total{task="failsLater",outcome="failed"} 1',
      'offloop_job_run_seconds_count{task="add",lane="thread"} 1',
      'offloop_job_run_seconds_count{task="failsLater",lane="loop"} 1',
      'offloop_task_failures_total{task="failsLater"} 1',
      'offloop_thread_ends_total{how="exit"} 0',
      'offloop_jobs{task="failsLater",state="dead"} 1',
    ])
      assert.ok(lines.includes(line), `${line} in\n${lines.join("\n")}`);
    assert.ok(!lines.some((line) => line.includes("POST /add")), "operations are not served here");
    command.child.kill("SIGTERM");
    assert.equal((await command.ended()).code, 0);
  });

  test("it is not ready while it drains, and alive until its last job has ended", async (t) => {
    const command = work(t, database.url);
    const operator = await operatorOf(t, command);
    await command.line(/works on/);
    await ready(operator);
    const job = await waits.enqueue(3_600_000);
    await reaches(job, "running");
    command.child.kill("SIGTERM");
    await command.line(/waiting for 1 job, up to 30000 ms: waits:/);
    while ((await probe(operator, "/readyz")).status === 200);
    assert.deepEqual(await probe(operator, "/readyz"), { status: 503, body: { status: "closing" } });
    assert.equal((await probe(operator, "/livez")).status, 200);
    assert.equal((await operator.ask("/metrics")).status, 200);
    await app.jobs.cancel(job.id);
    assert.equal((await command.ended()).code, 0);
  });

  test("offloop run --no-work only enqueues; another process works on what it has enqueued", async (t) => {
    const environment = { DATABASE_URL: database.url };
    const serving = offloopWith(environment, "run", fixture("jobs.ts"), "--port", "0", "--no-work");
    t.after(() => serving.child.kill("SIGKILL"));
    const url = await listening(serving);
    const headers = { "content-type": "application/json" };
    const enqueue = async (): Promise<EnqueuedJob> =>
      (await (await fetch(`${url}/add`, { method: "POST", headers, body: "[1,2]" })).json()) as EnqueuedJob;
    const jobs = await Promise.all(Array.from({ length: 10 }, enqueue));
    const working = work(t, database.url);
    for (const job of jobs) {
      await reaches(job, "done");
      const [attempt] = await app.jobs.attempts(job.id);
      assert.match(attempt?.process ?? "", new RegExp(`\\b${working.child.pid}\\b`));
    }
    for (const { child, ended } of [serving, working]) {
      child.kill("SIGTERM");
      assert.equal((await ended()).code, 0);
    }
  });

  test("a blocked loop fails readiness, and then liveness; a scrape waits until the loop turns", async (t) => {
    const command = work(t, database.url);
    const operator = await operatorOf(t, command);
    await command.line(/works on/);
    await ready(operator);
    await blocks.enqueue(DEAD_MS + 5_000);
    while ((await probe(operator, "/readyz")).status === 200);
    assert.equal((await probe(operator, "/readyz")).body.status, "blocked");
    const live = await probe(operator, "/livez");
    assert.deepEqual([live.status, live.body.status], [200, "blocked"], "a restart would not help yet");
    const scrape = operator.ask("/metrics");
    while ((await probe(operator, "/livez")).status === 200);
    assert.ok(Number((await probe(operator, "/livez")).body.blockedMs) >= DEAD_MS);
    assert.match((await scrape).body.toString(), /^offloop_job_attempts_total\{task="blocks"/m);
    while ((await probe(operator, "/livez")).status !== 200);
    command.child.kill("SIGTERM");
    assert.equal((await command.ended()).code, 0);
  });
});
