import {
  blockedChannel,
  type ChunksEvent,
  chunksChannel,
  listen,
  type OperationEvent,
  operationChannel,
  type RequestEvent,
  requestChannel,
  type TaskEvent,
  type ThreadEvent,
  taskChannel,
  threadChannel,
} from "../channels/channels.ts";
import type { EndRow, Figure, Name } from "./batch.ts";
import { ChunkRuns } from "./chunk-runs.ts";
import { IncidentLog, type KnownIncident } from "./incident-log.ts";
import {
  blockedIncident,
  brokenIncident,
  failedIncident,
  isKilled,
  killedIncident,
  operationIncident,
} from "./incidents.ts";
import { Sketch } from "./page/sketch.ts";
import { Ring } from "./ring.ts";
import { type RunEnd, type RunStart, Runs } from "./runs.ts";

const FIRST_ERROR_STATUS = 500;
/** The two events of a thread's end follow each other closely; of some ends there is only one. */
const MAX_KILLED = 100;
const MAX_ENDS = 5_000;

/**
 * Listens to the channels and keeps what a page shows: names, ids, numbers and errors, and nothing else from requests.
 * Its memory is limited by count.
 */
export class Collector {
  /** Milliseconds since 1970; all times of day here count from it. */
  readonly origin: number = performance.timeOrigin;
  readonly names: Names = new Names();
  readonly runs: Runs = new Runs();
  /** How the newest responses ended, as far as that is worth saying. */
  readonly ends: Ring<EndRow> = new Ring(MAX_ENDS);
  readonly figures: Figures = new Figures();
  readonly incidents: IncidentLog = new IncidentLog();
  readonly threads: Set<number> = new Set();
  /** Counts changes of `threads`. */
  threadChanges = 0;
  /**
   * Threads that a deadline has ended, as known from the first of two events: the end of the
   * call, and that of the thread.
   */
  readonly #killed = new Set<number>();
  readonly #chunks = new ChunkRuns(this.runs);
  /** Requests whose responses are streams, until these end. */
  readonly #streamed = new Set<string>();
  readonly #stops: readonly (() => void)[] = [
    listen(operationChannel, (event) => this.#onOperation(event)),
    listen(chunksChannel, (event) => this.#onChunks(event)),
    listen(requestChannel, (event) => this.#onRequest(event)),
    listen(taskChannel, (event) => this.#onTask(event)),
    listen(threadChannel, (event) => this.#onThread(event)),
    listen(blockedChannel, (report) => this.incidents.keep(blockedIncident(report, this.origin))),
  ];

  close(): void {
    for (const stop of this.#stops) stop();
    this.#chunks.close();
  }

  #onOperation(event: OperationEvent): void {
    const now = performance.now();
    const { request, lane } = event;
    const run = { name: this.names.numberOf("operation", event.operation, lane), request, lane };
    if (event.event === "start") this.runs.start(request, run, now);
    else {
      const { status } = event;
      const ok = status < FIRST_ERROR_STATUS;
      const startedAt = this.#end(request, run, { ...event, outcome: status, ok }, now);
      if (!ok) this.#keep(event, operationIncident(event, startedAt));
    }
  }

  #onChunks(event: ChunksEvent): void {
    const now = performance.now();
    const { operation, request, lane } = event;
    const name = this.names.numberOf("stream", `stream of ${operation}`, lane);
    if (event.event === "start") {
      this.#streamed.add(request);
      this.#chunks.start(event, name, now);
    } else {
      const startedAt = this.#chunks.end(event, name, now);
      if (event.error !== undefined) this.#keep(event, brokenIncident(event, startedAt));
    }
  }

  #onRequest(event: RequestEvent): void {
    if (event.event === "start") return;
    const { request, outcome } = event;
    const isStream = this.#streamed.delete(request);
    if (isStream) this.#chunks.stop(request);
    if (isStream || outcome !== "sent") this.ends.push([request, outcome]);
  }

  #onTask(event: TaskEvent): void {
    const now = performance.now();
    const { task, request, lane, job } = event;
    const run = { name: this.names.numberOf("task", task, lane), request, lane, job };
    if (event.event === "start") this.runs.start(event.run, run, now);
    else {
      const ok = event.ok || event.cancelled;
      const startedAt = this.#end(event.run, run, { ...event, outcome: Number(ok) }, now);
      if (!ok) this.#keep(event, failedIncident(event, startedAt));
    }
  }

  /** Returns when the run started. */
  #end(
    key: string | number,
    start: RunStart,
    {
      thread,
      queueMs,
      runMs,
      outcome,
      ok,
    }: Pick<RunEnd, "thread" | "queueMs" | "runMs" | "outcome"> & { ok: boolean },
    now: number,
  ): number {
    this.figures.count(start.name, ok, thread === undefined ? undefined : { queueMs, runMs });
    return this.runs.finish(key, { ...start, thread, queueMs, runMs, outcome }, now);
  }

  #onThread(change: ThreadEvent): void {
    const { event, thread } = change;
    if (event === "start") this.threads.add(thread);
    else this.threads.delete(thread);
    this.threadChanges++;
    if (event === "kill" && this.#isNews(thread))
      this.incidents.keep(killedIncident(change, performance.now()));
  }

  #keep(end: Parameters<typeof isKilled>[0], incident: KnownIncident): void {
    if (!isKilled(end) || this.#isNews(end.thread ?? 0)) this.incidents.keep(incident);
  }

  /** Two events report the end of a thread by a deadline; only the first is news. */
  #isNews(thread: number): boolean {
    if (this.#killed.delete(thread)) return false;
    this.#killed.add(thread);
    if (this.#killed.size > MAX_KILLED) this.#killed.delete(this.#killed.values().next().value as number);
    return true;
  }
}

/** Operations, their streams and tasks, each with a number. There are only as many as the app declares. */
class Names {
  readonly list: Name[] = [];
  readonly #numbers = {
    operation: new Map<string, number>(),
    task: new Map<string, number>(),
    stream: new Map<string, number>(),
  };

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

interface Tally {
  calls: number;
  failed: number;
  readonly wait: Sketch;
  readonly run: Sketch;
  /** The number of the last counted run, over all names. */
  lastRun: number;
}

/**
 * Counts and durations of every name since the inspector was opened, in memory that does not grow
 * with the number of runs.
 */
export class Figures {
  readonly #tallies: Tally[] = [];
  #runs = 0;

  /** How many runs have been counted. */
  get runs(): number {
    return this.#runs;
  }

  /** @param times - Undefined when it never ran: it is counted, but does not enter the durations. */
  count(
    name: number,
    ok: boolean,
    times: { readonly queueMs: number; readonly runMs: number } | undefined,
  ): void {
    const tally = this.#tallies[name] ?? this.#open(name);
    tally.calls++;
    if (!ok) tally.failed++;
    if (times !== undefined) {
      tally.wait.record(times.queueMs);
      tally.run.record(times.runMs);
    }
    tally.lastRun = this.#runs++;
  }

  /** The names that have run since `runs` had this value. */
  since(runs: number): Figure[] {
    return this.#tallies.flatMap(({ calls, failed, wait, run, lastRun }, name) =>
      lastRun < runs ? [] : [{ name, calls, failed, wait: wait.counts, run: run.counts }],
    );
  }

  #open(name: number): Tally {
    const tally = { calls: 0, failed: 0, wait: new Sketch(), run: new Sketch(), lastRun: 0 };
    this.#tallies[name] = tally;
    return tally;
  }
}
