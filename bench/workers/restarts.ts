import { setTimeout as wait } from "node:timers/promises";
import { atLeast, atMost } from "../goal.ts";
import type { TrialResult } from "../trial.ts";
import { Watched } from "./alerts.ts";
import { Load } from "./load.ts";
import type { WorkersScale } from "./scale.ts";
import { WatchedServer } from "./server.ts";

/** A worker that is killed young is replaced after a growing delay: each of two lives longer than that. */
const BETWEEN_KILLS_MS = 6_000;

/** Kills workers under load, the older one each time: no figure falls, and no scrape fails. */
export async function kills({
  kills,
  perSecond,
  scrapeS,
}: Pick<WorkersScale, "kills" | "perSecond" | "scrapeS">): Promise<TrialResult> {
  await using watched = await Watched.open(scrapeS);
  const { server } = watched;
  const load = new Load(server.url, perSecond);
  for (let killed = 0; killed < kills; killed++) {
    await wait(BETWEEN_KILLS_MS);
    process.kill(server.workers[0] as number, "SIGKILL");
  }
  await server.whenSettled();
  const { lost, ...counts } = await load.stop();
  await wait(2 * scrapeS * 1000);
  const { falls, counters } = await watched.falls();
  const exits = await server.metric('offloop_worker_restarts_total{reason="exit"}');
  return {
    figures: { ...counts, counters, cutOffByKills: lost },
    goals: [
      atLeast(kills, "workers that were replaced", exits),
      atLeast(100, "counters that were looked at", counters),
      atMost(0, "counters that fell", falls),
      atMost(0, "scrapes that failed", await watched.failedScrapes()),
    ],
  };
}

/** Replaces all workers, over and over, under load with streams, sockets and uploads. */
export async function rolls({
  rolls,
  perSecond,
}: Pick<WorkersScale, "rolls" | "perSecond">): Promise<TrialResult> {
  await using server = await WatchedServer.start();
  const load = new Load(server.url, perSecond);
  const startedAt = performance.now();
  for (let rolled = 0; rolled < rolls; rolled++) {
    await server.roll();
    console.error(
      `${rolled + 1} of ${rolls} restarts after ${Math.round((performance.now() - startedAt) / 1000)} s`,
    );
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { lost, ...counts } = await load.stop();
  const asked = counts.requests + counts.streams + counts.uploads;
  return {
    figures: { ...counts, seconds: Math.round(seconds), perSecond: Math.round(asked / seconds), lost },
    goals: [
      atMost(
        0,
        `lost in ${rolls} rolling restarts`,
        Object.values(lost).reduce((sum, n) => sum + n, 0),
      ),
      atLeast(0.9 * perSecond, "requests a second", Math.round(asked / seconds)),
      atMost(0, `errors in the log ${server.complaints.slice(0, 3).join("; ")}`, server.complaints.length),
    ],
  };
}
