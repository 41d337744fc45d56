import assert from "node:assert/strict";
import { test } from "node:test";
import { App } from "offloop";
import { testClient } from "offloop/testing";

const app = new App();
const task = app.task("task", { durable: true }, async () => {});

test("enqueue() refuses a key that is no text, and a time that PostgreSQL does not have", async () => {
  await using _client = await testClient(app);
  for (const key of ["", "\0", "\ud800", "a\udfff", "k".repeat(501)])
    await assert.rejects(task.with({ key }).enqueue(), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /expected a key of 1-500 characters/,
    });
  for (const time of [Number.NaN, 8.64e15, -8.64e15, Date.UTC(-1, 0), Date.UTC(10_000, 0)])
    await assert.rejects(task.with({ at: new Date(time) }).enqueue(), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /not a date of the years 1-9999/,
    });
  await task.with({ key: "😀", at: new Date(Date.UTC(9_999, 11, 31)) }).enqueue();
});

test("a durable task has a name that jobs can be stored under", async () => {
  for (const name of ["x".repeat(201), "\ud800"])
    assert.throws(() => new App().task(name, { durable: true }, async () => {}), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /expected a name of 1-200 characters/,
    });
  new App().task("x".repeat(201), async () => {});
  new App().task("😀".repeat(100), { durable: true }, async () => {});
});

test("enqueue() refuses at together with delayMs", async () => {
  await using _client = await testClient(app);
  await assert.rejects(task.with({ at: new Date(), delayMs: 1 }).enqueue(), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /^Cannot enqueue task "task": it has at and delayMs, and both say when it may run/,
  });
});

test("enqueue() and app.jobs.list() refuse what is out of range or unknown, and name the line", async () => {
  await using _client = await testClient(app);
  const at = /\n {2}at .*enqueue-options\.test\.ts:/;
  for (const options of [{ delayMs: -1 }, { delayMs: 31_536_000_001 }, { priority: 0.5 }])
    await assert.rejects(task.with(options).enqueue(), { code: "OFFLOOP_OPTION_INVALID", message: at });
  await assert.rejects(app.jobs.list({ limit: 0 }), { code: "OFFLOOP_OPTION_INVALID", message: at });
  await assert.rejects(app.jobs.list({ status: "dead" } as object), {
    code: "OFFLOOP_OPTION_UNKNOWN",
    message: at,
  });
});

test("durable that is neither true nor an object is refused", () => {
  for (const durable of ["yes", 1, null] as never[])
    assert.throws(() => new App().task("a", { durable }, async () => {}), {
      code: "OFFLOOP_OPTION_INVALID",
      message: /expected durable to be true, false or an object, got .*\n {2}at .*enqueue-options\.test\.ts:/,
    });
});
