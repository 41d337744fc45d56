import { setTimeout as wait } from "node:timers/promises";
import { Connection } from "../connection.ts";
import { atMost } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { type ServerProcess, withServer } from "../server-process.ts";
import { DEADLINE_MS } from "../servers/peers/routes.ts";
import { formatNumber } from "../table.ts";
import { greatestDemand, readThreadDemand } from "../thread-demand.ts";
import { fastApiNote, findPeers, OFFLOOP } from "./peers.ts";

const WATCHED_MS = 5_000;
const SAMPLE_MS = 100;
/** A core counts as taken while one thread of the process wants it for more than half of the time. */
const TAKEN_SHARE = 0.5;
/** By then the request has reached its route. */
const ON_ITS_WAY_MS = 50;

/** What happened to a server when one of its routes never ended. */
interface Outcome {
  readonly name: string;
  /** When its client received an answer, and which; undefined: not while it was watched. */
  readonly answered: { readonly ms: number; readonly status: number } | undefined;
  /** When its core was free for good; undefined: not while it was watched. */
  readonly freeMs: number | undefined;
  /** The fraction of the other requests that was answered meanwhile, while it was watched. */
  readonly othersAnswered: number;
}

/**
 * A route that never ends: how long until its client is answered and its core is free, and which
 * other requests are answered.
 */
export async function measureRunaway(bench: Bench): Promise<PartResult[]> {
  const peers = findPeers(bench);
  const outcomes: Outcome[] = [];
  for (const peer of peers) {
    outcomes.push({ name: peer.name, ...(await withServer(peer, watch)) });
    bench.say(peer.name);
  }
  const ours = outcomes.find(({ name }) => name === OFFLOOP)?.freeMs ?? Number.POSITIVE_INFINITY;
  const never = `not within ${WATCHED_MS / 1_000} s`;
  return [
    {
      title: `a route that never ends, with a deadline of ${DEADLINE_MS} ms where there are deadlines`,
      table: {
        columns: [
          "",
          "its client is answered after, ms",
          "with",
          "its core is free after, ms",
          "others answered meanwhile",
        ],
        rows: outcomes.map(({ name, answered, freeMs, othersAnswered }) => [
          name,
          answered === undefined ? never : formatNumber(answered.ms),
          answered === undefined ? "" : String(answered.status),
          freeMs === undefined ? never : formatNumber(freeMs),
          `${formatNumber(othersAnswered * 100)} %`,
        ]),
      },
      notes: [
        "deadlines: offloop's timeoutMs, Fastify's handlerTimeout, an AbortSignal for piscina; the others have none of their own",
        `free: no thread of the process wants a core for more than half of the time, from then on; looked at every ${SAMPLE_MS} ms, so a figure may be so much too long`,
        "others: GET / on a connection of its own, ten times a second",
        ...fastApiNote(peers),
      ],
      goals: [
        atMost(DEADLINE_MS + 1_000, "freeze: offloop's core is free of a runaway route after ms", ours),
      ],
      measured: outcomes,
    },
  ];
}

async function watch(server: ServerProcess): Promise<Omit<Outcome, "name">> {
  const others = await Connection.open(server.url);
  await fetch(`${server.url}/short`).then((response) => response.text()); // from now on whatever answers it is ready
  const startedAt = performance.now();
  const since = (): number => performance.now() - startedAt;
  const client = new AbortController();
  let answered: Outcome["answered"];
  void fetch(`${server.url}/runaway`, { signal: client.signal })
    .then((response) => {
      answered = { ms: since(), status: response.status };
    })
    .catch(() => {}); // abandoned when the watch ends
  let [othersSent, othersAnswered] = [0, 0];
  let freeMs: number | undefined;
  await wait(ON_ITS_WAY_MS);
  for (let before = readThreadDemand(server.pid); since() < WATCHED_MS; ) {
    const sampledAt = since();
    others.send("/", () => othersAnswered++);
    othersSent++;
    await wait(SAMPLE_MS);
    const after = readThreadDemand(server.pid);
    const isTaken = greatestDemand(before, after, since() - sampledAt) > TAKEN_SHARE;
    if (isTaken) freeMs = undefined;
    else freeMs ??= since();
    before = after;
  }
  client.abort();
  others.close();
  return { answered, freeMs, othersAnswered: othersAnswered / othersSent };
}
