import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import {
  blockedChannel,
  listen,
  type OperationEvent,
  operationChannel,
  type TaskEvent,
  type ThreadEvent,
  taskChannel,
  threadChannel,
} from "../channels/channels.ts";
import type { Figure, Incident, Name, Percentiles } from "./batch.ts";
import { blockedIncident, failedIncident, killedIncident } from "./incidents.ts";
import { Ring, type RunEnd, type RunStart, Runs } from "./runs.ts";

const MAX_INCIDENTS = 200;
const FIRST_ERROR_STATUS = 500;

/**
 * Listens to the channels and keeps what a page shows: names, ids and numbers, nothing of what requests carry. What it
 * keeps is bounded by count.
 */
export class Collector {
  /** Milliseconds since 1970; all times of day here count from it. */
  readonly origin: number = performance.timeOrigin;
  readonly names: Names = new Names();
  readonly runs: Runs = new Runs();
  readonly figures: Figures = new Figures();
  readonly incidents: Ring<Incident> = new Ring(MAX_INCIDENTS);
  readonly threads: Set<number> = new Set();
  /** Counts changes of `threads`. */
  threadChanges = 0;
  readonly #stops: readonly (() => void)[] = [
    listen(operationChannel, (event) => this.#onOperation(event)),
    listen(taskChannel, (event) => this.#onTask(event)),
    listen(threadChannel, (event) => this.#onThread(event)),
    listen(blockedChannel, (report) => this.#keep(blockedIncident(report, this.origin))),
  ];

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #onOperation(event: OperationEvent): void {
    const now = performance.now();
    const { request, lane } = event;
    const run = { name: this.names.numberOf("operation", event.operation, lane), request, lane };
    if (event.event === "start") this.runs.start(request, run, now);
    else {
      const { status } = event;
      this.#end(request, run, { ...event, outcome: status, ok: status < FIRST_ERROR_STATUS }, now);
    }
  }

  #onTask(event: TaskEvent): void {
    const now = performance.now();
    const { task, request, lane } = event;
    const run = { name: this.names.numberOf("task", task, lane), request, lane };
    if (event.event === "start") this.runs.start(event.run, run, now);
    else {
      const ok = event.ok || event.cancelled;
      const startedAt = this.#end(event.run, run, { ...event, outcome: Number(ok) }, now);
      if (!ok) this.#keep(failedIncident(event, startedAt));
    }
  }

  /** Returns when the run started. */
  #end(
    key: string | number,
    { name, request, lane }: RunStart,
    {
      thread,
      queueMs,
      runMs,
      outcome,
      ok,
    }: Pick<RunEnd, "thread" | "queueMs" | "runMs" | "outcome"> & { ok: boolean },
    now: number,
  ): number {
    this.figures.count(name, queueMs, runMs, ok);
    return this.runs.finish(key, { name, request, lane, thread, queueMs, runMs, outcome }, now);
  }

  #onThread(change: ThreadEvent): void {
    const { event, thread } = change;
    if (event === "start") this.threads.add(thread);
    else this.threads.delete(thread);
    this.threadChanges++;
    if (event === "kill") this.#keep(killedIncident(change, performance.now()));
  }

  #keep(incident: Omit<Incident, "id">): void {
    this.incidents.push({ id: this.incidents.end + 1, ...incident });
  }
}

/** Operations and tasks, each with a number. There are as many as the app declares. */
class Names {
  readonly list: Name[] = [];
  readonly #numbers = { operation: new Map<string, number>(), task: new Map<string, number>() };

  numberOf(kind: Name["kind"], name: string, lane: Name["lane"]): number {
    const numbers = this.#numbers[kind];
    let number = numbers.get(name);
    if (number === undefined) {
      number = this.list.push({ kind, name, lane }) - 1;
      numbers.set(name, number);
    }
    return number;
  }
}

/** Ten hours: what lasts longer counts as that. */
const MAX_US = 36_000_000_000;

interface Tally {
  calls: number;
  failed: number;
  /** In microseconds. */
  readonly wait: RecordableHistogram;
  readonly run: RecordableHistogram;
  /** The number of the run, over all names, that was counted last. */
  lastRun: number;
}

/** Counts and percentiles of every name since the inspector was opened, in memory that does not grow with the runs. */
export class Figures {
  readonly #tallies: Tally[] = [];
  #runs = 0;

  /** How many runs were counted. */
  get runs(): number {
    return this.#runs;
  }

  count(name: number, queueMs: number, runMs: number, ok: boolean): void {
    const tally = this.#tallies[name] ?? this.#open(name);
    tally.calls++;
    if (!ok) tally.failed++;
    tally.wait.record(microseconds(queueMs));
    tally.run.record(microseconds(runMs));
    tally.lastRun = this.#runs++;
  }

  /** Of the names that ran since `runs` was as given. */
  since(runs: number): Figure[] {
    return this.#tallies.flatMap(({ calls, failed, wait, run, lastRun }, name) =>
      lastRun < runs ? [] : [{ name, calls, failed, wait: percentilesOf(wait), run: percentilesOf(run) }],
    );
  }

  #open(name: number): Tally {
    const tally = { calls: 0, failed: 0, wait: histogram(), run: histogram(), lastRun: 0 };
    this.#tallies[name] = tally;
    return tally;
  }
}

function histogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: MAX_US, figures: 2 });
}

/** A histogram counts from 1, so that what took no time is one more than it took; `percentilesOf` takes it off. */
function microseconds(ms: number): number {
  return Math.min(MAX_US, Math.max(0, Math.round(ms * 1000)) + 1);
}

function percentilesOf(recorded: RecordableHistogram): Percentiles {
  return [(recorded.percentile(50) - 1) / 1000, (recorded.percentile(99) - 1) / 1000];
}
