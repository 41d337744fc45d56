import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { TrialResult } from "../../bench/trial.ts";
import { alerts, starvation } from "../../bench/workers/alerts.ts";
import { withoutPrometheus } from "../../bench/workers/prometheus.ts";
import { kills, rolls } from "../../bench/workers/restarts.ts";

/** A small part of what `npm run bench:workers` does: figures on a busy machine, so that only goals without a rate are held. */
const SMALL = { calmS: 4, scrapeS: 2, kills: 3, rolls: 2, perSecond: 100 };

const skip = withoutPrometheus() ?? false;

function assertMet(t: TestContext, { figures, goals }: TrialResult): void {
  t.diagnostic(JSON.stringify(figures));
  const missed = goals.filter(({ met, what }) => !met && !what.includes("a second"));
  assert.deepEqual(missed, []);
}

test(
  "each of five alerts fires in its situation within two scrapes of a real Prometheus, none before",
  {
    skip,
  },
  async (t) => assertMet(t, await alerts(SMALL)),
);

test("no alert fires while other processes have the CPU", { skip }, async (t) =>
  assertMet(t, await starvation(SMALL)),
);

test(
  "workers killed under load: no counter falls, and no scrape of a real Prometheus fails",
  {
    skip,
  },
  async (t) => assertMet(t, await kills(SMALL)),
);

test("rolling restarts under load lose no request, stream, upload or message of a socket", async (t) =>
  assertMet(t, await rolls(SMALL)));
