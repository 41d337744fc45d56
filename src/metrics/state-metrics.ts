import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Jobs, TaskJobs } from "../app/jobs.ts";
import { noThreads, type PoolSize } from "../threads/pool/pool.ts";

/** What is asked of the server when metrics are. */
export interface ServerState {
  /** Undefined when nothing runs on threads. */
  readonly pool: PoolSize | undefined;
  /** Open sockets, by the id of their websocket; empty where none is declared. */
  readonly sockets: ReadonlyMap<string, number>;
  /** Tasks of answered requests that have not ended. */
  readonly unfinishedTasks: number;
}

/** Gauges that are read when they are asked for. */
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

/** How many jobs stand where, over all processes: the database is asked when the metrics are. */
export function createJobMetrics(registry: Registry, jobs: Pick<Jobs, "counts">): void {
  let asked: Promise<TaskJobs[]> | undefined;
  // Both gauges are read at once. A database that is away takes no other metric down.
  const counts = (): Promise<TaskJobs[]> => {
    asked ??= jobs
      .counts()
      .catch(() => [])
      .finally(() => {
        asked = undefined;
      });
    return asked;
  };
  // Each process gives the same: they are not to be added up.
  const shared = { registers: [registry], aggregator: "first" as const };
  new Gauge({
    ...shared,
    name: "offloop_jobs",
    help: "Jobs by task and state, over all processes",
    labelNames: ["task", "state"],
    async collect() {
      for (const { task, waiting, running, failed, dead } of await counts())
        for (const [state, count] of Object.entries({ waiting, running, failed, dead }))
          this.set({ task, state }, count);
    },
  });
  new Gauge({
    ...shared,
    name: "offloop_jobs_oldest_wait_seconds",
    help: "For how long the oldest job that may run has waited",
    labelNames: ["task"],
    async collect() {
      for (const { task, oldestWaitMs } of await counts()) this.set({ task }, oldestWaitMs / 1000);
    },
  });
}

function gauge(
  registry: Registry,
  { name, help, label }: Readonly<Record<"name" | "help" | "label", string>>,
  read: () => Readonly<Record<string, number>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      for (const [value, count] of Object.entries(read())) this.set({ [label]: value }, count);
    },
  });
}

let registry: Registry | undefined;

/** CPU, memory, garbage collection and loop delay of the process: counted once, however many servers it has. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
