import { createRandom } from "../../bench/soak/random.ts";

/** What one scrape after another reads of a series, by its name and labels. */
export type Series = ReadonlyMap<string, readonly number[]>;

/** Seconds from one scrape to the next. */
export const INTERVAL_S = 15;
/** An hour of them. */
export const HOUR: number = 3600 / INTERVAL_S;
/** What every series is labelled with. */
const TARGET = 'job="shop",instance="10.0.0.1:8001"';

/** What happens between one scrape and the next: so much is added. */
type Growth = (scrape: number) => number;

/**
 * An hour of a shop with two workers in which nothing is wrong, and everything happens that happens anyway: a deadline
 * now and then, an error, a block of half a second, a full pool for a moment, a queue of tasks after a newsletter, one
 * worker that dies, a rolling restart, another process that takes the CPU, jobs that died yesterday, a database that
 * is slow for once.
 */
export function calmHour(): Map<string, number[]> {
  const random = createRandom(1);
  const some = (most: number): number => random.below(most + 1);
  const each = (period: number, amount: number): Growth => {
    const offset = random.below(period);
    return (scrape) => (scrape % period === offset ? amount : 0);
  };
  const counters: Record<string, Growth> = {
    [runs("GET /items/:id")]: () => 300 + some(100),
    [runs("POST /orders")]: () => 20 + some(10),
    [runs("GET /report")]: () => some(3),
    [errors("POST /orders", "500")]: each(30, 1),
    [errors("GET /items/:id", "500")]: (scrape) => (scrape > 60 && scrape < 90 ? 3 : 0),
    [errors("GET /report", "504")]: each(25, 1),
    [errors("GET /report", "503")]: () => 0,
    [errors("GET /export", "broken_stream")]: each(100, 1),
    'offloop_task_run_seconds_count{task="mail",lane="loop"}': () => 20 + some(10),
    'offloop_task_failures_total{task="mail"}': each(12, 1),
    'offloop_blocked_seconds_total{operation="",state="computing"}': each(40, 0.2),
    'offloop_blocked_seconds_total{operation="GET /items/:id",state="computing"}': each(40, 0.6),
    'offloop_blocked_seconds_total{operation="",state="asleep"}': (scrape) =>
      scrape >= 64 && scrape < 76 ? 0.4 : 0,
    'offloop_blocked_seconds_total{operation="",state="starved"}': (scrape) =>
      scrape >= 60 && scrape < 78 ? 3 + some(6) : 0,
    'offloop_thread_ends_total{how="leave"}': () => some(1),
    'offloop_thread_ends_total{how="kill"}': each(25, 1),
    'offloop_thread_ends_total{how="exit"}': each(80, 1),
    'offloop_thread_ends_total{how="fail"}': () => 0,
    'offloop_refused_total{reason="queue_full"}': () => 0,
    'offloop_refused_total{reason="threads_down"}': () => 0,
    'offloop_refused_total{reason="client_gone"}': () => some(2),
    offloop_open_files_exhausted_total: () => 0,
    'offloop_worker_restarts_total{reason="exit"}': each(HOUR, 1),
    'offloop_worker_restarts_total{reason="hung"}': () => 0,
    'offloop_worker_restarts_total{reason="reload"}': each(HOUR, 2),
  };
  const gauges: Record<string, Growth> = {
    'offloop_oldest_wait_seconds{class="request"}': () => some(20) / 100,
    'offloop_oldest_wait_seconds{class="background"}': (scrape) => (scrape % 60 === 7 ? 4 : 0),
    'offloop_thread_calls{operation="GET /report"}': () => some(6),
    offloop_threads_busy_ratio: (scrape) => (scrape % 20 === 3 ? 1 : some(6) / 8),
    'offloop_waiting_calls{class="request"}': (scrape) => (scrape % 20 === 3 ? 12 : 0),
    'offloop_waiting_calls{class="background"}': (scrape) => (scrape % 60 === 7 ? 900 : 0),
    'offloop_waiting_calls_limit{class="request"}': () => 2_000,
    'offloop_waiting_calls_limit{class="background"}': () => 20_000,
    offloop_open_files_ratio: () => 0.1 + some(60) / 100,
    offloop_worker_silence_seconds: () => some(6) / 10,
    'offloop_jobs_oldest_wait_seconds{task="resize"}': () => some(60),
    'offloop_jobs{task="resize",state="waiting"}': () => some(30),
    'offloop_jobs{task="resize",state="dead"}': (scrape) => (scrape < 50 ? 3 : 2),
    offloop_jobs_database_up: (scrape) => (scrape % 60 === 31 ? 0 : 1),
  };
  const scrapes = Array.from({ length: HOUR }, (_, scrape) => scrape);
  return new Map([
    ...Object.entries(counters).map(([name, grow]) => [name, summed(scrapes.map(grow))] as const),
    ...Object.entries(gauges).map(([name, read]) => [name, scrapes.map(read)] as const),
  ]);
}

/** Adds something to a counter with each of so many scrapes. */
export function added(values: readonly number[], from: number, amount: number, scrapes = 1): number[] {
  return values.map((value, at) => value + amount * Math.max(0, Math.min(scrapes, at - from + 1)));
}

/** A gauge that says something else for so many scrapes. */
export function held(values: readonly number[], from: number, value: number, scrapes: number): number[] {
  return values.map((was, at) => (at >= from && at < from + scrapes ? value : was));
}

/** The series as promtool reads them. */
export function inputSeries(series: Series): { series: string; values: string }[] {
  return [...series].map(([name, values]) => ({ series: labelled(name), values: values.join(" ") }));
}

export function runs(operation: string): string {
  return `offloop_operation_run_seconds_count{operation="${operation}",lane="thread"}`;
}

export function errors(operation: string, type: string): string {
  return `offloop_operation_errors_total{operation="${operation}",error_type="${type}"}`;
}

function labelled(name: string): string {
  return name.includes("{") ? name.replace("{", `{${TARGET},`) : `${name}{${TARGET}}`;
}

function summed(amounts: readonly number[]): number[] {
  let sum = 0;
  return amounts.map((amount) => {
    sum += amount;
    return sum;
  });
}
