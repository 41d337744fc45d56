import assert from "node:assert/strict";
import { test } from "node:test";
import { App } from "offloop";
import { runnableTasks } from "../../src/jobs/open.ts";
import type { TakenJob } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { Attempt } from "../../src/jobs/worker/attempt.ts";
import { attemptLanes } from "../../src/lanes/attempts.ts";

const app = new App();
app.task("task", { durable: true }, async () => "result");
app.task("fails", { durable: true }, async () => {
  const cause = new Error(`the answer was ${"a".repeat(100_000)} and no more`);
  throw new TypeError("half of a pair: \ud800, and NUL: \0", { cause });
});

const lanes = attemptLanes({ loop: 1, thread: 1 }, async ({ task, args }) => task.fn(...args));

function attempt(name = "task", own: Partial<TakenJob> = {}): Attempt {
  const job: TakenJob = {
    ...{ task: name, uuid: newUuid(), takes: 0, retryLimit: 0, lostBefore: false, isSuspect: false },
    payload: { args: [] },
    enqueuedAt: new Date(),
    ...own,
  };
  const task = runnableTasks(app).get(name);
  assert.ok(task);
  return new Attempt(job, task);
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}

test("an attempt that has ended is not broken off when its job is cancelled before that is stored", async () => {
  const before = timers();
  const ended = attempt();
  assert.deepEqual(await ended.run(lanes, () => {}), { kind: "done", result: "result" });
  ended.lose("cancelled", 60_000);
  assert.equal(ended.isBroken, false);
  assert.equal(timers(), before, "nothing keeps the process");
});

test("an attempt whose job is cancelled while it runs is cancelled, whatever it returns", async () => {
  const running = attempt();
  const outcome = running.run(lanes, () => {});
  running.lose("cancelled", 60_000);
  assert.deepEqual(await outcome, { kind: "cancelled" });
});

test("an attempt whose arguments could not be read is dead, unless another read may succeed", async () => {
  const kinds: Readonly<Record<string, string>> = {
    "53200": "failed", // out of memory
    "57P01": "failed",
    ECONNRESET: "failed",
    "54000": "dead", // larger than PostgreSQL allows
    "22P05": "dead",
  };
  for (const [code, kind] of Object.entries(kinds)) {
    const unread = Object.assign(new Error("not read"), { code });
    const outcome = await attempt("task", { payload: undefined, unread }).run(lanes, () => {});
    assert.equal(outcome.kind, kind, code);
  }
});

test("an error is stored as PostgreSQL takes it, and a long one without its middle", async () => {
  const outcome = await attempt("fails").run(lanes, () => {});
  assert.ok(outcome.kind === "failed");
  const { type, message, cause } = outcome.error;
  assert.deepEqual([type, message], ["TypeError", "half of a pair: \ufffd, and NUL: "]);
  assert.match(cause?.message ?? "", /^the answer was a+ \[\d+ characters left out\] a+ and no more$/);
  assert.match(
    cause?.stack ?? "",
    /^Error: the answer was a+ \[\d+ characters left out\] a+ and no more\n {4}at /,
  );
  assert.ok(JSON.stringify(outcome).length < 100_000);
});
