/** How a server of the benchmark is set up. Its threads see the same settings. */
export interface ServerSettings {
  /** Threads of its pool. Undefined: the framework's own default. */
  readonly threads: number | undefined;
  /** Threads of offloop's pool that start with the server and stay. Undefined: its default. */
  readonly minThreads: number | undefined;
  /** offloop's additional threads. Undefined: its default. */
  readonly reserve: number | undefined;
  /** How piscina's threads wait for work. */
  readonly atomics: "sync" | "async" | "disabled";
  /** How many calls piscina hands to a thread at once. */
  readonly callsPerThread: number;
  /** The iterations that make one `GET /burn` cost about 50 ms of CPU time here. */
  readonly burnIterations: number;
  /** Whether Fastify lets node:http omit the stream of requests without a body, as offloop does. */
  readonly optimizeEmptyRequests: boolean;
  /** Whether each request is logged, to a file. */
  readonly log: boolean;
  /** Whether offloop counts requests for Prometheus. */
  readonly metrics: boolean;
  /** How many arounds offloop's app has that set a header. */
  readonly arounds: number;
  /** How many that only pass the reply on. */
  readonly passingArounds: number;
  /** The Python that has FastAPI. */
  readonly python: string | undefined;
  /** Where FastAPI's operations run: those with `async def`, or those with `def`. */
  readonly runs: "loop" | "thread" | undefined;
  /** The priority of offloop's threads. Undefined: its default. */
  readonly priority: number | "idle" | undefined;
  /** How many workers `offloop run` has; 0: it answers by itself. */
  readonly workers: number;
  /** Whether each of them listens separately, so that the kernel distributes connections. */
  readonly reusePort: boolean;
  /** The file to which each task adds a line. */
  readonly ledger: string;
}

const defaults: ServerSettings = {
  threads: undefined,
  minThreads: undefined,
  reserve: undefined,
  atomics: "sync",
  callsPerThread: 1,
  burnIterations: 1,
  optimizeEmptyRequests: false,
  log: false,
  metrics: false,
  arounds: 0,
  passingArounds: 0,
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
