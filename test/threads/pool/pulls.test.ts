import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_PULLS, SLOTS } from "../../../src/threads/crossing/board.ts";
import { packValue, type TaskOutcome } from "../../../src/threads/crossing/values.ts";
import type { ThreadHandle } from "../../../src/threads/pool/call.ts";
import type { ThreadPool } from "../../../src/threads/pool/pool.ts";
import { barePool } from "../../fixtures/bare-pool.ts";

const location = { file: "one-task.ts", line: 1, column: 1 };
const target = {
  url: new URL("../../fixtures/apps/one-task.ts", import.meta.url).href,
  exportName: "default",
};

function taking(isEndless: boolean) {
  return {
    work: 0,
    payload: { args: packValue([isEndless], "args"), id: "", job: undefined },
    timeoutMs: undefined,
    waiter: undefined,
  };
}

/** A thread that has run a call. */
function usedThread(pool: ThreadPool): Promise<ThreadHandle> {
  return new Promise((resolve, reject) => {
    pool.run({
      ...taking(false),
      class: "request",
      transfer: [],
      record: undefined,
      settle: (error, _outcome, thread) => (thread === undefined ? reject(error) : resolve(thread)),
    });
  });
}

test("pool.runOn(): what closes has a slot, however many streams of its thread wait for their next chunk", async () => {
  const works = [{ id: "task takes", location }];
  const pool = barePool({ target, works, workIds: ["task takes"], mayBeEnded: [false] });
  await pool.start();
  const thread = await usedThread(pool);
  for (let pulls = 0; pulls < SLOTS + MOST_PULLS; pulls++)
    pool.runOn(thread, { ...taking(true), isPull: true, settle: () => {} });
  const outcome = await new Promise((resolve, reject) => {
    pool.runOn(thread, {
      ...taking(false),
      settle: (error, done) => (error ? reject(error) : resolve(done)),
    });
  });
  assert.equal((outcome as TaskOutcome)[0], true);
  await pool.close();
});
