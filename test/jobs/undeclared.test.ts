import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { App, serve } from "offloop";
import { memoryLog } from "../fixtures/memory-log.ts";

test("a start says that jobs wait for a task that was renamed, and a list shows them by its name", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "offloop-undeclared-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const options = { port: 0, signals: false, jobs: { dir } } as const;
  const before = new App();
  const invoice = before.task("send invoice", { durable: true }, async () => {});
  const server = await serve(before, { ...options, work: false, logLevel: "silent" });
  const { id } = await invoice.with({ delayMs: 1_000 }).enqueue();
  await server.close();

  const after = new App();
  after.task("invoices", { durable: true }, async () => {});
  const { logger, find } = memoryLog();
  const renamed = await serve(after, { ...options, logger });
  t.after(() => renamed.close());
  assert.match(
    await find(/does not declare/),
    /^1 job waits for tasks that this app does not declare: send invoice\. .*"offloop jobs <module> list --task 'send invoice'" shows them$/,
  );
  const [job] = await after.jobs.list({ task: "send invoice" });
  assert.deepEqual([job?.id, job?.task, job?.state], [id, "send invoice", "waiting"]);
  assert.equal(await after.jobs.cancel(id), true);
});
