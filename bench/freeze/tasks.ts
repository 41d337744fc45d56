import { Connection } from "../connection.ts";
import { type Percentiles, PROBE_RATE, percentilesOf } from "../latency.ts";
import type { Bench, PartResult } from "../part.ts";
import { probeWhile } from "../probe.ts";
import { type ServerProcess, withServer } from "../server-process.ts";
import { formatNumber } from "../table.ts";
import { type Entry, Ledger } from "./ledger.ts";
import { fastApiNote, findPeers, oncePerFramework, poolNote, withLastingPool } from "./peers.ts";

const TASKS = 1_000;
const CONNECTIONS = 100;
/** When no task has ended for this long, none will. */
const PATIENCE_MS = 15_000;

interface Outcome {
  readonly name: string;
  /** From the first request that added a task to the last end of a task of that kind, in milliseconds. */
  readonly asyncMs: number;
  readonly plainMs: number;
  readonly ended: number;
  /** Latency of `GET /` meanwhile. */
  readonly others: Percentiles;
}

/** 1,000 async tasks and 1,000 plain ones after the response, behind live traffic. */
export async function measureTasks(bench: Bench): Promise<PartResult[]> {
  const peers = withLastingPool(oncePerFramework(findPeers(bench)));
  const outcomes: Outcome[] = [];
  for (const peer of peers) {
    using ledger = new Ledger();
    const settings = { ...peer.settings, ledger: ledger.file };
    const outcome = await withServer({ ...peer, settings }, (server) => measureServer(server, ledger));
    outcomes.push({ name: peer.name, ...outcome });
    bench.say(peer.name);
  }
  const ms = (value: number): string => formatNumber(value, value < 10 ? 2 : 0);
  return [
    {
      title: "1,000 async tasks and 1,000 plain ones behind live traffic, in ms",
      table: {
        columns: ["", "async tasks done", "plain tasks done", "GET / p50", "p90", "p99", "longest"],
        rows: outcomes.map(({ name, asyncMs, plainMs, others }) => [
          name,
          formatNumber(asyncMs),
          formatNumber(plainMs),
          ms(others.p50),
          ms(others.p90),
          ms(others.p99),
          ms(others.max),
        ]),
      },
      notes: [
        `each request adds one task, on ${CONNECTIONS} connections as fast as they are answered; an async task waits for 500 ms, a plain one computes for 5 ms; GET / ${PROBE_RATE} times a second until all have ended`,
        "FastAPI reads the next request of a connection when the task of the last one has ended, so its tasks come in groups of as many as there are connections",
        poolNote,
        ...fastApiNote(peers),
      ],
      goals: [],
      measured: outcomes,
    },
  ];
}

async function measureServer(server: ServerProcess, ledger: Ledger): Promise<Omit<Outcome, "name">> {
  await probeWhile(server.url, PROBE_RATE, (sent) => sent < PROBE_RATE); // warm
  let isOver = false;
  const others = probeWhile(server.url, PROBE_RATE, () => !isOver);
  const startedAt = Date.now();
  await addTasks(server.url);
  const entries = await ledger.waitFor(2 * TASKS, PATIENCE_MS);
  isOver = true;
  const lastEnd = (kind: Entry["kind"]): number =>
    Math.max(...entries.filter((entry) => entry.kind === kind).map(({ at }) => at)) - startedAt;
  return {
    asyncMs: lastEnd("async"),
    plainMs: lastEnd("plain"),
    ended: entries.length,
    others: percentilesOf((await others).latencies),
  };
}

/** Resolves when every request that adds a task has been answered. */
async function addTasks(url: string): Promise<void> {
  const paths = Array.from(
    { length: 2 * TASKS },
    (_, id) => `/tasks/${id % 2 === 0 ? "async" : "plain"}/${id}`,
  );
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(url)));
  const sendNext = (connection: Connection): void => {
    const path = paths.pop();
    if (path !== undefined) connection.send(path, () => sendNext(connection));
  };
  for (const connection of connections) sendNext(connection);
  await Promise.all(connections.map((connection) => connection.drained()));
  for (const connection of connections) connection.close();
}
