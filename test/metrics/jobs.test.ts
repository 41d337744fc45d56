import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { App, serve } from "offloop";
import { testClient } from "offloop/testing";
import { StallingProxy } from "../../bench/jobs/proxy.ts";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { resolveSettings } from "../../src/app/settings/settings.ts";
import { createLogger } from "../../src/http/logs/logger.ts";
import { openApp } from "../../src/http/open-app.ts";
import { type OpenJobsOptions, openJobs } from "../../src/jobs/open.ts";
import { STATEMENT_MS } from "../../src/jobs/postgres/engine-setup.ts";
import { app, flaky, inOrder, welcome } from "../fixtures/apps/tested-jobs.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

const waiting = new App();
const early = waiting.task("early", { durable: true }, async () => {});

test("metrics count the attempts of jobs by outcome, and the jobs by state", async () => {
  await using client = await testClient(app, { metrics: true });
  await welcome.enqueue("ada");
  await flaky.enqueue();
  await inOrder.enqueue("bad");
  await client.jobs.drain();
  await welcome.enqueue("bob");
  const text = await (await client.get("/metrics")).text();
  for (const line of [
    'offloop_job_attempts_total{task="welcome",outcome="done"} 1',
    'offloop_job_attempts_total{task="flaky",outcome="failed"} 1',
    'offloop_job_run_seconds_count{task="welcome",lane="thread"} 1',
    'offloop_jobs{task="welcome",state="waiting"} 1',
    'offloop_jobs{task="flaky",state="failed"} 1',
    'offloop_jobs{task="inOrder",state="dead"} 1',
    'offloop_jobs_oldest_wait_seconds{task="welcome"} 0',
    "offloop_jobs_database_up 1",
  ])
    assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
  assert.match(text, /offloop_background_tasks\{state="running"\} 0/);
});

test("metrics count the attempts of jobs that waited for the start, and ended before it was over", async () => {
  await using on = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "offloop-jobs-"));
  on.defer(() => rm(dir, { recursive: true, force: true }));
  const before = await serve(waiting, {
    port: 0,
    signals: false,
    logLevel: "silent",
    work: false,
    jobs: { dir },
  });
  await early.enqueue();
  await before.close();
  const options = {
    settings: resolveSettings(waiting.settings, { metrics: true, jobs: { dir } }),
    target: undefined,
    log: createLogger("silent"),
    accessLog: false,
    openJobs: async (of: OpenJobsOptions) => {
      const jobs = await openJobs(of);
      await jobs.drained();
      return jobs;
    },
  };
  const { metrics, jobs } = await openApp(waiting, options, on);
  assert.match((await metrics?.text()) ?? "", /offloop_job_attempts_total\{task="early",outcome="done"\} 1/);
  await jobs?.stop(0);
});

test("metrics have no numbers of jobs while their database does not answer, and say that it does not", {
  skip: withoutPostgres(),
}, async () => {
  const database = (await startPostgres()) as DatabaseServer;
  await using proxy = await StallingProxy.open(database.url);
  const options = { port: 0, signals: false, logLevel: "silent", metrics: true, work: false } as const;
  const server = await serve(app, { ...options, jobs: { url: proxy.url } });
  const read = async (): Promise<string[]> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return text.split("\n").filter((line) => line.startsWith("offloop_"));
  };
  const isOfJobs = (line: string): boolean => /^offloop_jobs(_oldest_wait_seconds)?\{/.test(line);
  const answered = ["offloop_jobs_database_up 1", 'offloop_jobs{task="welcome",state="waiting"} 1'];
  try {
    await welcome.with({ delayMs: 3_600_000 }).enqueue("ada");
    const before = await read();
    for (const line of answered) assert.ok(before.includes(line), line);
    proxy.cut();
    const start = performance.now();
    const meanwhile = await read();
    assert.ok(performance.now() - start < STATEMENT_MS, "a scrape waits for no statement that hangs");
    assert.ok(meanwhile.includes("offloop_jobs_database_up 0"));
    const others = (lines: string[]): string[] =>
      lines.filter((line) => !line.startsWith("offloop_jobs")).map((line) => line.split(" ")[0] as string);
    assert.deepEqual(meanwhile.filter(isOfJobs), []);
    assert.deepEqual(others(meanwhile), others(before));
    proxy.mend();
    let after: string[];
    do after = await read();
    while (!after.includes("offloop_jobs_database_up 1"));
    assert.ok(after.includes(answered[1] as string));
    await database.stop();
    const gone = await read();
    assert.ok(gone.includes("offloop_jobs_database_up 0"));
    assert.deepEqual(gone.filter(isOfJobs), []);
  } finally {
    proxy.mend();
    await server.close();
    await database.stop();
  }
});
