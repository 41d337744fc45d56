import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "offloop/testing";
import { app, flaky, inOrder, welcome } from "../fixtures/apps/tested-jobs.ts";

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
  ])
    assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
  assert.match(text, /offloop_background_tasks\{state="running"\} 0/);
});
