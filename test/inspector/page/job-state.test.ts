import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsOn, whenText } from "../../../src/inspector/page/job-state.ts";
import type { JobRow, ShownState } from "../../../src/inspector/shown-jobs.ts";

const NOW = 1_800_000_000_000;

function job(state: ShownState, times: Partial<JobRow> = {}): JobRow {
  return {
    id: "task/1",
    task: "task",
    state,
    attempt: 1,
    key: null,
    priority: 0,
    progress: null,
    args: "",
    error: null,
    enqueuedAt: NOW - 60_000,
    runAt: NOW - 60_000,
    startedAt: null,
    endedAt: null,
    ...times,
  };
}

test("actionsOn() gives what each state allows, and no more", () => {
  const later = { runAt: NOW + 60_000 };
  const labels = (row: JobRow): string =>
    actionsOn(row, NOW)
      .map(({ action, label }) => `${action}: ${label}`)
      .join(", ");
  assert.equal(labels(job("waiting")), "cancel: Cancel");
  assert.equal(labels(job("waiting", later)), "retry: Run now, cancel: Cancel");
  assert.equal(labels(job("running")), "cancel: End");
  assert.equal(labels(job("failed", later)), "retry: Run now, cancel: Cancel");
  assert.equal(labels(job("dead")), "retry: Run again, cancel: Give up");
  assert.equal(labels(job("cancelled")), "retry: Run again");
  assert.equal(labels(job("done")), "");
});

test("whenText() says of each state what matters", () => {
  assert.equal(whenText(job("waiting"), NOW), "waits 1 min");
  assert.equal(whenText(job("waiting", { runAt: NOW + 7_200_000 }), NOW), "in 2 h");
  assert.equal(whenText(job("failed", { runAt: NOW + 8_000 }), NOW), "again in 8 s");
  assert.equal(whenText(job("running", { startedAt: NOW - 12_000 }), NOW), "for 12 s");
  assert.equal(
    whenText(job("done", { startedAt: NOW - 5_250, endedAt: NOW - 5_000 }), NOW),
    "5 s ago, took 250 ms",
  );
  assert.equal(whenText(job("dead", { endedAt: NOW - 3 * 86_400_000 }), NOW), "3 d ago");
  assert.equal(whenText(job("cancelled", { endedAt: NOW + 400 }), NOW), "0 s ago", "clocks differ");
});
