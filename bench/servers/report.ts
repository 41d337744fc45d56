/** A server's report about itself. */
export interface ServerReport {
  readonly rssBytes: number;
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
  describe: () => Omit<ServerReport, "rssBytes"> = () => ({ threads: 0 }),
  serving: ServingProcess = thisProcess,
): void {
  process.on("message", (question: Question) =>
    process.send?.(
      question === "cpu" ? serving.cpuMicros() : { rssBytes: process.memoryUsage.rss(), ...describe() },
    ),
  );
  process.on("disconnect", () => process.exit());
  process.send?.({ url, pid: serving.pid });
}
