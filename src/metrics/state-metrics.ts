import { Counter, Gauge, type Registry } from "prom-client";
import type { Resolved } from "../app/settings/resolved.ts";
import type { ThreadSettings } from "../app/settings/thread-settings.ts";
import { noThreads, type PoolSize } from "../threads/pool/pool.ts";
import { openFilesMetrics } from "./worker-metrics.ts";

/** What the server is asked for when metrics are read. */
export interface ServerState {
  /** Undefined when nothing runs on threads. */
  readonly pool: PoolSize | undefined;
  /** How many calls run on threads, by the id of their operation, or `task name`. */
  readonly threadCalls: ReadonlyMap<string, number>;
  /** Open sockets, by the id of their websocket; empty where none is declared. */
  readonly sockets: ReadonlyMap<string, number>;
  /** Tasks of answered requests that have not ended. */
  readonly unfinishedTasks: number;
  /** How long the oldest call of each class has been waiting for a thread, in milliseconds; 0 when none waits. */
  readonly oldestWaitMs: { readonly request: number; readonly background: number };
  readonly openFiles: OpenFilesState;
  readonly bounds: Pick<Resolved<ThreadSettings>, "max" | "reserve" | "maxQueue" | "maxBackgroundQueue">;
}

/** The files and connections that a process has open. */
interface OpenFilesState {
  /** Their share of the limit; undefined where the limit is not known. */
  readonly ratio: number | undefined;
  /** How often that was all of them. */
  readonly exhausted: number;
}

/** Gauges whose values are read on demand. */
export function createStateMetrics(
  registry: Registry,
  readState: () => ServerState,
  handedTasks: () => number,
): void {
  gauge(registry, { name: "offloop_threads", help: "Threads of the pool", label: "state" }, () => {
    const { threads, busy } = readState().pool ?? noThreads;
    return { busy, idle: threads - busy };
  });
  gauge(
    registry,
    { name: "offloop_waiting_calls", help: "Calls that wait for a thread", label: "class" },
    () => {
      const { waiting, waitingTasks } = readState().pool ?? noThreads;
      return { request: waiting - waitingTasks, background: waitingTasks };
    },
  );
  const calls = { name: "offloop_thread_calls", help: "Calls that run on threads now", label: "operation" };
  gauge(registry, calls, () => Object.fromEntries(readState().threadCalls));
  createBoundMetrics(registry, readState);
  createFullnessMetric(registry, readState);
  createOpenFilesMetrics(registry, () => readState().openFiles);
  if (readState().sockets.size > 0)
    gauge(registry, { name: "offloop_websockets", help: "Open WebSockets", label: "operation" }, () =>
      Object.fromEntries(readState().sockets),
    );
  gauge(
    registry,
    { name: "offloop_background_tasks", help: "Tasks of answered requests", label: "state" },
    () => {
      const { unfinishedTasks, pool = noThreads } = readState();
      const running = Math.max(0, Math.min(unfinishedTasks, handedTasks()) - pool.waitingTasks);
      return { running, waiting: unfinishedTasks - running };
    },
  );
}

/** Values to compare the others with: how far threads and queues may grow, and how long the oldest call has waited. */
function createBoundMetrics(registry: Registry, readState: () => ServerState): void {
  const bounds = { name: "offloop_threads_limit", help: "How many threads there may be", label: "kind" };
  gauge(registry, bounds, () => {
    const { pool, bounds } = readState();
    return pool === undefined ? {} : { max: bounds.max, reserve: bounds.reserve };
  });
  const queues = { name: "offloop_waiting_calls_limit", help: "How many calls may wait", label: "class" };
  gauge(registry, queues, () => {
    const { maxQueue, maxBackgroundQueue } = readState().bounds;
    return { request: maxQueue, background: maxBackgroundQueue };
  });
  const help = "For how long the oldest of the calls that wait for a thread has waited";
  const oldest = { name: "offloop_oldest_wait_seconds", help, label: "class", aggregator: "max" as const };
  gauge(registry, oldest, () => {
    const { request, background } = readState().oldestWaitMs;
    return { request: request / 1000, background: background / 1000 };
  });
}

/**
 * The busy threads of all workers say nothing about the one whose pool is full: of this metric, the
 * primary keeps the maximum.
 */
function createFullnessMetric(registry: Registry, readState: () => ServerState): void {
  new Gauge({
    name: "offloop_threads_busy_ratio",
    help: "Busy threads as a share of threads.max: beyond 1 in the reserve; over workers, of the fullest pool",
    aggregator: "max",
    registers: [registry],
    collect() {
      const { pool = noThreads, bounds } = readState();
      this.set(pool.busy / bounds.max);
    },
  });
}

/** Like the fullness of the pools, that of one process would not show in the sum. */
function createOpenFilesMetrics(registry: Registry, read: () => OpenFilesState): void {
  new Counter({
    ...openFilesMetrics.exhausted,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read().exhausted);
    },
  });
  if (read().ratio === undefined) return;
  new Gauge({
    ...openFilesMetrics.ratio,
    registers: [registry],
    collect() {
      this.set(read().ratio ?? 1);
    },
  });
}

interface LabelledGauge {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** How to combine the values of all workers. */
  readonly aggregator?: "sum" | "max";
}

function gauge(
  registry: Registry,
  { name, help, label, aggregator = "sum" }: LabelledGauge,
  read: () => Readonly<Record<string, number>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    aggregator,
    registers: [registry],
    collect() {
      for (const [value, count] of Object.entries(read())) this.set({ [label]: value }, count);
    },
  });
}
