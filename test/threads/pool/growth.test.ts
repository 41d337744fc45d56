import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { journal } from "../../fixtures/journal.ts";
import app, { BEGINS, slow } from "../../fixtures/loading-app.ts";
import { running } from "../../fixtures/running.ts";

test("pool: no more threads load the app at once than there are cores, or two, until enough are there", async (t) => {
  const atOnce = Math.max(2, availableParallelism());
  const max = atOnce + 3;
  const server = await running(app, { accessLog: false, threads: { max, reserve: 0 } });
  t.after(async () => {
    slow.open();
    await server.close();
  });
  const asked = Array.from({ length: max }, () => fetch(`${server.url}/slow`));
  await slow.arrived(max);
  slow.open();
  const answers = await Promise.all(asked);
  assert.ok(answers.every(({ status }) => status === 200));
  let [loading, most] = [0, 0];
  for (const { what } of journal.lines()) {
    loading += what;
    most = Math.max(most, loading);
  }
  assert.equal(journal.lines().filter(({ what }) => what === BEGINS).length, max);
  assert.ok(most <= atOnce, `${most} at once`);
});
