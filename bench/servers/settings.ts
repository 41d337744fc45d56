/** How a server of the benchmark is set up. Threads of it see the same settings. */
export interface ServerSettings {
  /** Threads of its pool. Undefined: the framework's own default. */
  readonly threads: number | undefined;
  /** offloop's threads beyond those. Undefined: its default. */
  readonly reserve: number | undefined;
  /** How piscina's threads wait for work. */
  readonly atomics: "sync" | "async" | "disabled";
  /** How many calls piscina hands to a thread at once. */
  readonly callsPerThread: number;
  /** What makes one `GET /burn` cost about 50 ms of CPU time here. */
  readonly burnIterations: number;
  /** Whether Fastify has node:http spare requests without a body their stream, as offloop has. */
  readonly optimizeEmptyRequests: boolean;
  /** How many arounds offloop's app has. */
  readonly arounds: number;
  /** The Python that has FastAPI. */
  readonly python: string | undefined;
  /** Where FastAPI's operations run: those of `async def`, or of `def`. */
  readonly runs: "loop" | "thread" | undefined;
  /** The nice value of offloop's threads. Undefined: its default. */
  readonly priority: number | undefined;
  /** How many workers `offloop run` has; 0: it answers itself. */
  readonly workers: number;
  /** Whether each of them listens by itself, so that the kernel spreads connections. */
  readonly reusePort: boolean;
  /** The file in which tasks leave a line each. */
  readonly ledger: string;
}

const defaults: ServerSettings = {
  threads: undefined,
  reserve: undefined,
  atomics: "sync",
  callsPerThread: 1,
  burnIterations: 1,
  optimizeEmptyRequests: false,
  arounds: 0,
  python: undefined,
  runs: undefined,
  priority: undefined,
  workers: 0,
  reusePort: false,
  ledger: "/dev/null",
};

export const settings: ServerSettings = {
  ...defaults,
  ...(JSON.parse(process.env.BENCH_SETTINGS ?? "{}") as Partial<ServerSettings>),
};
