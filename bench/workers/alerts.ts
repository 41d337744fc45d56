import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { atMost, type Goal } from "../goal.ts";
import type { TrialResult } from "../trial.ts";
import { Load } from "./load.ts";
import { Prometheus } from "./prometheus.ts";
import type { WorkersScale } from "./scale.ts";
import { WatchedServer } from "./server.ts";

type AlertScale = Pick<WorkersScale, "calmS" | "scrapeS">;

/** The load of an ordinary hour. */
const CALM_PER_SECOND = 50;
/** An alert that has not fired after this many scrapes will not. */
const PATIENCE_SCRAPES = 6;
const LOOK_MS = 100;
/** Processes that compute, per core. */
const CROWD = 4;

/** Something that an operator wants to know, and the alert that reports it. */
interface Situation {
  readonly alert: string;
  /** Brings it about. Does not wait for the requests it sends. */
  bring(url: string): void;
}

const ask = (url: string, path: string, times = 1): void => {
  for (let n = 0; n < times; n++)
    void fetch(url + path, { headers: { connection: "close" } }).then(
      (response) => response.text(),
      () => {}, // some are cut off when the server ends
    );
};

const HOLD_MS = 8_000;

/** Each alert occurs once per round: it keeps firing for as long as its range looks back. */
const rounds: readonly (readonly Situation[])[] = [
  [
    { alert: "OffloopErrors", bring: (url) => ask(url, "/fault/throw", 20) },
    { alert: "OffloopThreadsDying", bring: (url) => ask(url, "/fault/exit", 6) },
    { alert: "OffloopBacklog", bring: (url) => ask(url, "/fault/flood/1", 120) },
    { alert: "OffloopPoolFull", bring: (url) => ask(url, `/fault/hold/${HOLD_MS}`, 24) },
    { alert: "OffloopLoopBlocked", bring: (url) => ask(url, "/fault/block/1500") },
  ],
  // The same alert, for a worker that reports nothing because its loop does not come back.
  [{ alert: "OffloopLoopBlocked", bring: (url) => ask(url, "/fault/block/15000") }],
];

/** Each alert fires in its situation, and none before. */
export async function alerts({ calmS, scrapeS }: AlertScale): Promise<TrialResult> {
  const figures: Record<string, number>[] = [];
  const goals: Goal[] = [];
  for (const situations of rounds) {
    await using watched = await Watched.open(scrapeS);
    const before = await watched.calm(calmS);
    goals.push(atMost(0, `alerts that fired in ${calmS} s of calm ${before}`.trim(), before.length));
    const scrapes: Record<string, number> = {};
    for (const situation of situations) {
      const needed = await watched.scrapesUntil(situation);
      scrapes[situation.alert] = needed;
      goals.push(atMost(2, `scrapes until ${situation.alert} fired`, needed));
    }
    figures.push(scrapes);
    goals.push(atMost(0, "scrapes that failed", await watched.failedScrapes()));
  }
  return { figures, goals };
}

/** Other processes have the CPU: nothing for which this server could be blamed. */
export async function starvation({ calmS, scrapeS }: AlertScale): Promise<TrialResult> {
  await using watched = await Watched.open(scrapeS);
  await using crowd = new Crowd(CROWD * availableParallelism());
  const fired = await watched.calm(calmS);
  const blocked = await watched.prometheus.query(
    "sum by (operation, state) (offloop_blocked_seconds_total) > 0",
  );
  const starved = Object.fromEntries(
    blocked.map(({ metric, value }) => [`${metric.state} ${metric.operation}`, Number(value[1])]),
  );
  const lag = await watched.prometheus.value(
    "histogram_quantile(0.99, sum by (le) (rate(offloop_loop_lag_seconds_bucket[1m])))",
  );
  return {
    figures: { crowd: crowd.size, blockedSeconds: starved, loopLagP99: lag },
    goals: [
      atMost(
        0,
        `alerts that fired while ${crowd.size} others computed for ${calmS} s ${fired}`.trim(),
        fired.length,
      ),
      atMost(0, "scrapes that failed", await watched.failedScrapes()),
    ],
  };
}

/** A server, and the Prometheus that scrapes it. */
export class Watched implements AsyncDisposable {
  readonly server: WatchedServer;
  readonly prometheus: Prometheus;
  readonly #scrapeMs: number;

  private constructor(server: WatchedServer, prometheus: Prometheus, scrapeMs: number) {
    this.server = server;
    this.prometheus = prometheus;
    this.#scrapeMs = scrapeMs;
  }

  static async open(scrapeS: number): Promise<Watched> {
    await using opened = new AsyncDisposableStack();
    const server = opened.use(await WatchedServer.start());
    const prometheus = opened.use(await Prometheus.start(server.operator, scrapeS));
    opened.move();
    return new Watched(server, prometheus, scrapeS * 1000);
  }

  /** Runs an ordinary load for this long. @returns The alerts that have fired since the start. */
  async calm(seconds: number): Promise<string[]> {
    const load = new Load(this.server.url, CALM_PER_SECOND);
    await wait(seconds * 1000);
    await load.stop();
    const fired = await this.prometheus.query(
      'count by (alertname) (last_over_time(ALERTS{alertstate="firing"}[1h]))',
    );
    return fired.map(({ metric }) => metric.alertname ?? "");
  }

  /**
   * Brings a situation about. @returns The scrape from which its alert fired, counted from then;
   * Infinity when it did not.
   */
  async scrapesUntil({ alert, bring }: Situation): Promise<number> {
    const since = Date.now();
    const isNew = (at: number): boolean => at > since;
    bring(this.server.url);
    while (Date.now() < since + PATIENCE_SCRAPES * this.#scrapeMs) {
      const firedAt = (await this.prometheus.firings(alert)).find(isNew);
      const scrapes = (await this.prometheus.scrapes()).filter(isNew);
      if (firedAt !== undefined) return scrapes.filter((at) => at <= firedAt).length;
      await wait(LOOK_MS);
    }
    return Number.POSITIVE_INFINITY;
  }

  async failedScrapes(): Promise<number> {
    return (await this.prometheus.value("count_over_time(up[1h]) - sum_over_time(up[1h])")) ?? Number.NaN;
  }

  /** How often a counter, or a part of a histogram, was lower than on the previous scrape. */
  async falls(): Promise<{ falls: number; counters: number }> {
    const counters = await this.prometheus.values('{__name__=~".+_(total|count|sum|bucket)"}[1h]');
    const falls = counters.flatMap((values) =>
      values.filter((value, at) => at > 0 && value < (values[at - 1] as number)),
    );
    return { falls: falls.length, counters: counters.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.prometheus[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Processes that compute until they are ended. */
class Crowd implements AsyncDisposable {
  readonly #all;

  constructor(size: number) {
    this.#all = Array.from({ length: size }, () => spawn(process.execPath, ["-e", "for (;;);"]));
  }

  get size(): number {
    return this.#all.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#all) one.kill("SIGKILL");
  }
}
