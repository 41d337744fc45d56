import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { noThreads, type PoolSize } from "../threads/pool/pool.ts";

/** What is asked of the server when metrics are. */
export interface ServerState {
  /** Undefined when nothing runs on threads. */
  readonly pool: PoolSize | undefined;
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
