import type { Bench, PartResult } from "../part.ts";
import { type ServerProcess, withServers } from "../server-process.ts";
import type { ServerSettings } from "../servers/settings.ts";
import { CONNECTIONS } from "../slice.ts";
import { percentile, type Summary, summarize } from "../statistics.ts";
import { formatNumber } from "../table.ts";
import { inTurn } from "../turns.ts";

const MIB = 1_048_576;
const loads = [
  { name: "kept connections", closes: false },
  { name: "a connection each", closes: true },
] as const;
/** `offloop run app.ts`, and with workers that share the port. */
const sides: readonly { readonly name: string; readonly settings: Partial<ServerSettings> }[] = [
  { name: "none", settings: {} },
  { name: "1", settings: { workers: 1 } },
  { name: "2", settings: { workers: 2 } },
  { name: "2, reusePort", settings: { workers: 2, reusePort: true } },
];

interface Turn {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** CPU time of all processes, in microseconds per request. */
  readonly cpuMicros: number;
  /** The primary's part of it. */
  readonly primaryMicros: number;
}

interface Row {
  readonly workers: string;
  readonly load: string;
  readonly perSecond: Summary;
  readonly p99Ms: Summary;
  readonly cpuMicros: Summary;
  readonly primaryMicros: Summary;
  readonly memoryMiB: number;
}

/** Requests per second, latency and memory of `offloop run` alone and with workers. */
export async function measureWorkers(bench: Bench): Promise<PartResult[]> {
  const plans = sides.map(({ settings }) => ({ file: "workers" as const, settings }));
  const rows = await withServers(plans, async (servers) => {
    for (const { url } of servers)
      await bench.generator.start(url, { connections: CONNECTIONS, seconds: 2 }).answered;
    const found: Row[] = [];
    for (const load of loads) found.push(...(await measureLoad(servers, load, bench)));
    return found;
  });
  return [result(rows)];
}

async function measureLoad(
  servers: readonly ServerProcess[],
  { name, closes }: (typeof loads)[number],
  bench: Bench,
): Promise<Row[]> {
  const turns: Turn[][] = servers.map(() => []);
  for (let round = 0; round < bench.options.rounds; round++) {
    for (const [at, server] of inTurn([...servers.entries()], round))
      turns[at]?.push(await takeTurn(server, closes, bench));
    bench.say(`round ${round + 1} of ${bench.options.rounds}: ${name}`);
  }
  const rows: Row[] = [];
  for (const [at, server] of servers.entries()) {
    const own = turns[at] ?? [];
    rows.push({
      workers: sides[at]?.name ?? "",
      load: name,
      perSecond: summarize(own.map(({ perSecond }) => perSecond)),
      p99Ms: summarize(own.map(({ p99Ms }) => p99Ms)),
      cpuMicros: summarize(own.map(({ cpuMicros }) => cpuMicros)),
      primaryMicros: summarize(own.map(({ primaryMicros }) => primaryMicros)),
      memoryMiB: ((await server.report()).pssBytes ?? Number.NaN) / MIB,
    });
  }
  return rows;
}

async function takeTurn(
  server: ServerProcess,
  closes: boolean,
  { generator, options }: Bench,
): Promise<Turn> {
  const before = await server.cpuMicros();
  const { primaryMicros = 0 } = await server.report();
  const load = generator.start(server.url, { connections: CONNECTIONS, seconds: options.seconds, closes });
  const { requests, perSecond, p99Ms } = await load.answered;
  const cpuMicros = ((await server.cpuMicros()) - before) / requests;
  const after = (await server.report()).primaryMicros ?? 0;
  return { perSecond, p99Ms, cpuMicros, primaryMicros: (after - primaryMicros) / requests };
}

function result(rows: readonly Row[]): PartResult {
  const single = (load: string): Row | undefined =>
    rows.find((row) => row.workers === "none" && row.load === load);
  return {
    title: "offloop run with workers that share a port",
    table: {
      columns: [
        "workers",
        "load",
        "requests/s",
        "x one process",
        "p99, ms",
        "CPU µs a request",
        "of the primary",
        "memory, MiB",
      ],
      rows: rows.map(({ workers, load, perSecond, p99Ms, cpuMicros, primaryMicros, memoryMiB }) => [
        workers,
        load,
        formatNumber(perSecond.median),
        formatNumber(perSecond.median / (single(load)?.perSecond.median ?? Number.NaN), 2),
        formatNumber(p99Ms.median, 1),
        formatNumber(cpuMicros.median, 1),
        workers === "none" ? "" : formatNumber(primaryMicros.median, 1),
        formatNumber(memoryMiB),
      ]),
    },
    notes: [
      "reusePort: each worker listens by itself and the kernel spreads connections, which offloop does not do",
      `${CONNECTIONS} connections; the load generator takes most of a core itself, so that on two cores two workers have one and a bit`,
      "memory: of all processes, the primary included, what they share counted once (PSS), after the load",
      `spread of requests/s: ${formatNumber(
        percentile(
          rows.map(({ perSecond }) => (perSecond.upperQuartile / perSecond.lowerQuartile - 1) * 100),
          50,
        ),
      )} % between the quartiles (median of the rows)`,
    ],
    goals: [],
    measured: rows,
  };
}
