import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import type { TaskEvent } from "../../src/channels/channels.ts";
import { runObserved } from "../../src/lanes/background.ts";

const task = { name: "resize", lane: "loop" } as const;

async function eventsOf(run: () => Promise<unknown>): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  const listen = (message: unknown): void => void events.push(message as TaskEvent);
  subscribe("offloop.task", listen);
  await runObserved(task, "req-1", run).catch(() => {});
  unsubscribe("offloop.task", listen);
  return events;
}

test("runObserved() publishes start and end of a task that returns", async () => {
  const [start, end] = await eventsOf(async () => 1);
  assert.ok(start?.event === "start" && end?.event === "end");
  const { run } = start;
  assert.deepEqual(start, { event: "start", run, task: "resize", lane: "loop", request: "req-1" });
  const { runMs } = end;
  assert.ok(runMs >= 0);
  assert.deepEqual(end, { ...start, event: "end", thread: 0, queueMs: 0, runMs, ok: true, stack: [] });
});

test("runObserved() publishes the end of a task that throws, and throws what it threw", async () => {
  const [, end] = await eventsOf(() => Promise.reject(new Error("no")));
  assert.ok(end?.event === "end" && !end.ok);
  assert.match(end.stack[0] ?? "", /^at .*background\.test\.ts:\d+/);
  await assert.rejects(
    runObserved(task, undefined, () => Promise.reject(new Error("no"))),
    /no/,
  );
});

test("runObserved() only runs the task when nobody listens", async () => {
  const promise = Promise.resolve(1);
  assert.equal(
    runObserved(task, undefined, () => promise),
    promise,
  );
});
