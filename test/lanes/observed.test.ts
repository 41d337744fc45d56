import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import { unnamedTask } from "../../src/app/tasks/task-declaration.ts";
import type { TaskEvent } from "../../src/channels/channels.ts";
import type { TaskCall } from "../../src/lanes/around.ts";
import { observeTasks } from "../../src/lanes/choose.ts";

const location = { file: "tasks.ts", line: 1, column: 1 };
const task = unnamedTask("resize", () => {}, location);
const call: TaskCall = { task, args: [], class: "background", request: "req-1" };

async function eventsOf(run: () => Promise<unknown>): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  const listen = (message: unknown): void => void events.push(message as TaskEvent);
  subscribe("offloop.task", listen);
  await observeTasks(run)(call).catch(() => {});
  unsubscribe("offloop.task", listen);
  return events;
}

test("observeTasks() publishes start and end of a task that returns", async () => {
  const [start, end] = await eventsOf(async () => 1);
  assert.ok(start?.event === "start" && end?.event === "end");
  const { run } = start;
  assert.deepEqual(start, {
    event: "start",
    run,
    task: "resize",
    lane: "loop",
    request: "req-1",
    job: undefined,
  });
  const { runMs } = end;
  assert.ok(runMs >= 0);
  assert.deepEqual(end, {
    ...start,
    event: "end",
    thread: 0,
    queueMs: 0,
    runMs,
    refused: undefined,
    ok: true,
    cancelled: false,
    error: undefined,
  });
});

test("observeTasks() publishes the end of a task that throws, and throws what it threw", async () => {
  const [, end] = await eventsOf(() => Promise.reject(new Error("no")));
  assert.ok(end?.event === "end" && !end.ok);
  assert.match(end.error?.stack[0] ?? "", /^at .*observed\.test\.ts:\d+/);
  await assert.rejects(observeTasks(() => Promise.reject(new Error("no")))(call), /no/);
});

test("observeTasks() only runs the task when nobody listens", async () => {
  const promise = Promise.resolve(1);
  assert.equal(observeTasks(() => promise)(call), promise);
});
