/** What a server tells about itself. */
export interface ServerReport {
  readonly rssBytes: number;
  /** Threads that have loaded their module. */
  readonly threads: number;
  /** How many of them run a call; undefined when the server does not know. */
  readonly busy?: number;
  /** When background tasks ended since the last report, as `performance.now()` there. */
  readonly taskEnds?: readonly number[];
}

/** Tells the benchmark where the server listens, and answers what it asks. */
export function announce(
  url: string,
  describe: () => Omit<ServerReport, "rssBytes"> = () => ({ threads: 0 }),
): void {
  process.on("message", () => process.send?.({ rssBytes: process.memoryUsage.rss(), ...describe() }));
  process.on("disconnect", () => process.exit());
  process.send?.({ url });
}
