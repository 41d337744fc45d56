import { setTimeout as wait } from "node:timers/promises";

/** A server's report about itself. */
export interface ServerReport {
  readonly rssBytes: number;
  /** What V8's heap holds, and what objects on it hold outside. */
  readonly heapBytes: number;
  /** Memory of all its processes, with shared parts counted once; undefined when the server is a single process. */
  readonly pssBytes?: number;
  /** CPU time of the process that hands the others their connections; undefined when there is none. */
  readonly primaryMicros?: number;
  /** Threads that have loaded their module. */
  readonly threads: number;
  /** How many of them run a call; undefined when the server does not know. */
  readonly busy?: number;
  /** When background tasks ended since the last report, by `performance.now()` there. */
  readonly taskEnds?: readonly number[];
}

/**
 * A question from the benchmark. The CPU time is a separate one, since answering it must cost
 * the server next to nothing.
 */
export type Question = "report" | "cpu";

/** The process that answers the requests. */
export interface ServingProcess {
  readonly pid: number;
  /** User and system time of all its threads since it started, in microseconds. */
  cpuMicros(): number;
}

const thisProcess: ServingProcess = {
  pid: process.pid,
  cpuMicros: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

/** Tells the benchmark where the server listens, and answers its questions. */
export function announce(
  url: string,
  describe: () => Omit<ServerReport, "rssBytes" | "heapBytes"> = () => ({ threads: 0 }),
  serving: ServingProcess = thisProcess,
): void {
  process.on("message", async (question: Question) => {
    if (question === "cpu") return void process.send?.(serving.cpuMicros());
    if (globalThis.gc !== undefined) await collect(globalThis.gc);
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send?.({ rssBytes: rss, heapBytes: heapUsed + external, ...describe() });
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ url, pid: serving.pid });
}

/** Several times, since V8 returns the pages it has emptied only after a while. */
async function collect(gc: () => unknown): Promise<void> {
  for (let i = 0; i < 5; i++) {
    gc();
    await wait(50);
  }
}
