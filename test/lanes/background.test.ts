import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { unnamedTask } from "../../src/app/tasks/task-declaration.ts";
import { createLogger } from "../../src/http/logs/logger.ts";
import { BackgroundChains, logTaskFailure, type RunCall } from "../../src/lanes/background.ts";

const location = { file: "app.ts", line: 1, column: 1 };
const task = unnamedTask("mail", async () => {}, location);

/** Runs so many tasks of one request. @returns What the log says of a failure. */
async function runMany(count: number, run: RunCall): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const log = createLogger("info", false, { write: (line: string) => void lines.push(line) });
  const chains = new BackgroundChains(run, (failed) => logTaskFailure(log, failed));
  const calls = Array.from({ length: count }, () => ({ task, args: [] }));
  chains.start({ id: "r-1" }, "POST /mails", calls, async () => {});
  await chains.drained();
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("background: a task costs the same, however many of its request come after it", async () => {
  const costOf = async (count: number): Promise<number> => {
    const before = process.threadCpuUsage();
    await runMany(count, async () => {});
    const { user, system } = process.threadCpuUsage(before);
    return user + system;
  };
  await costOf(20_000);
  const [few, many] = [await costOf(20_000), await costOf(160_000)];
  // Arrays of more than 16,000 items are moved as a whole when the first is taken: then this is beyond 40.
  assert.ok(many < 20 * few, `8 times the tasks cost ${(many / few).toFixed(1)} times as much`);
});

test("background: tasks that compute and await nothing let other work of the loop have its turn", async () => {
  let ran = 0;
  let turns = 0;
  const all = runMany(100, async () => {
    const until = performance.now() + 1;
    while (performance.now() < until);
    ran++;
  });
  for (; ran < 100; turns++) await nextTurn();
  await all;
  assert.ok(turns > 3, `${turns} turns`);
});

test("background: between two tasks, those that have not ended are unfinished, and no other", async () => {
  const names = ["a", "b", "c"];
  const ended: string[] = [];
  const run: RunCall = async ({ task: { name } }) => {
    const until = performance.now() + 20; // longer than a chain computes before others have their turn
    while (performance.now() < until);
    ended.push(name);
  };
  const chains = new BackgroundChains(run, () => {});
  const calls = names.map((name) => ({ task: unnamedTask(name, async () => {}, location), args: [] }));
  chains.start({ id: "r-1" }, "POST /mails", calls, async () => {});
  while (ended.length < names.length) {
    await nextTurn();
    assert.deepEqual(
      chains.unfinished().flatMap(({ tasks }) => tasks),
      names.slice(ended.length),
    );
  }
});

test("background: the line of a failure names the first tasks that did not run, and counts the others", async () => {
  const [line] = await runMany(10_000, async () => {
    throw new Error("no mail today");
  });
  const { msg, skipped } = line as { readonly msg: string; readonly skipped: string[] };
  assert.match(msg, /9999 of its later tasks did not run: mail, .*mail, and 9979 more$/);
  assert.deepEqual(skipped, [...Array<string>(20).fill("mail"), "and 9979 more"]);
});
