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
import type { Incident, Name } from "./batch.ts";
import { Figures } from "./figures.ts";
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
      const { ok } = event;
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
export class Names {
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
