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
