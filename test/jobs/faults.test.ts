import assert from "node:assert/strict";
import { test } from "node:test";
import { cutNetwork, deploy, killEmbedded, killWorkers } from "../../bench/jobs/faults.ts";
import type { TrialResult } from "../../bench/trial.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

const skip = withoutPostgres();

/** The runs of `npm run bench:jobs`, short. */
function holds({ figures, goals }: TrialResult, jobs: number): void {
  assert.equal((figures as { stored: number }).stored, jobs);
  const missed = goals.filter(({ met }) => !met);
  assert.deepEqual(missed, [], JSON.stringify(figures));
}

test("no job is lost when the only process is killed, embedded", async () => {
  holds(await killEmbedded({ jobs: 20, kills: 2 }), 20);
});

test("no job is lost when workers are killed and the database restarts", { skip }, async () => {
  holds(await killWorkers({ jobs: 40, kills: 3 }), 40);
});

test("no job is lost when the network of a worker stops, and the worker comes back", { skip }, async () => {
  // A third of them at once, after the cut: more than the workers that were not cut off have places for.
  holds(await cutNetwork({ jobs: 300 }), 300);
});

test("a rolling deploy under load loses no job and burns no attempt", { skip }, async () => {
  holds(await deploy({ jobs: 60, kills: 3 }), 60);
});
