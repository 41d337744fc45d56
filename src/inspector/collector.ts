import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { BlockReport } from "../channels/block-report.ts";
import type { OperationEvent, TaskEvent, ThreadEvent } from "../channels/channels.ts";
import type { Incident } from "./batch.ts";
import { Figures } from "./figures.ts";
import { blockedIncident, failedIncident, killedIncident } from "./incidents.ts";
import { Names } from "./names.ts";
import { Ring } from "./ring.ts";
import { type RunEnd, type RunStart, Runs } from "./runs.ts";

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
  readonly #listeners: readonly (readonly [channel: string, listen: (message: unknown) => void])[] = [
    ["offloop.operation", (message) => this.#onOperation(message as OperationEvent)],
    ["offloop.task", (message) => this.#onTask(message as TaskEvent)],
    ["offloop.thread", (message) => this.#onThread(message as ThreadEvent)],
    ["offloop.blocked", (message) => this.#keep(blockedIncident(message as BlockReport, this.origin))],
  ];

  constructor() {
    for (const [channel, listen] of this.#listeners) subscribe(channel, listen);
  }

  close(): void {
    for (const [channel, listen] of this.#listeners) unsubscribe(channel, listen);
  }

  #onOperation(event: OperationEvent): void {
    const now = performance.now();
    const { request, lane } = event;
    const run = { name: this.names.numberOf("operation", event.operation, lane), request, lane };
    if (event.event === "start") this.runs.start(request, run, now);
    else this.#end(request, run, event, event.status, event.status < FIRST_ERROR_STATUS, now);
  }

  #onTask(event: TaskEvent): void {
    const now = performance.now();
    const { task, request, lane } = event;
    const run = { name: this.names.numberOf("task", task, lane), request, lane };
    if (event.event === "start") this.runs.start(event.run, run, now);
    else {
      const { ok } = event;
      const startedAt = this.#end(event.run, run, event, Number(ok), ok, now);
      if (!ok) this.#keep(failedIncident(event, startedAt));
    }
  }

  /** Returns when the run started. */
  #end(
    key: string | number,
    { name, request, lane }: RunStart,
    { thread, queueMs, runMs }: Pick<RunEnd, "thread" | "queueMs" | "runMs">,
    outcome: number,
    ok: boolean,
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
