import { atMost, type Goal } from "../goal.ts";
import {
  LOAD_CONNECTIONS,
  type LoadedLatency,
  type LoadedSide,
  measureLoadedLatency,
  PROBE_RATE,
} from "../latency.ts";
import type { Bench, PartResult } from "../part.ts";
import { priorityGoals, probeNote, sideNamed } from "../priority.ts";
import { formatNumber } from "../table.ts";
import {
  fastApiNote,
  findPeers,
  LASTING,
  type Peer,
  PISCINA,
  poolNote,
  roundsOf,
  withLastingPool,
} from "./peers.ts";

const WITHOUT = `${LASTING}, threads.priority 0`;
const IDLE_CLASS = `${LASTING}, threads.priority "idle"`;
const IN_PYTHON = "FastAPI, def, Python code";

/** `GET /` of every peer, idle and while another route computes. */
export async function measureComputing(bench: Bench): Promise<PartResult[]> {
  const peers = withLastingPool(findPeers(bench));
  const rounds = roundsOf(bench);
  const measured = await measureLoadedLatency(sidesOf(peers), rounds, bench);
  const ours = sideNamed(measured, LASTING);
  const goals: Goal[] = [
    atMost(
      3,
      "freeze: offloop's p99 of GET / while a route computes / idle",
      ours.loaded.p99 / ours.idle.p99,
    ),
    ...[LASTING, IDLE_CLASS].flatMap((name) =>
      priorityGoals(measured, { ours: name, piscina: PISCINA, without: WITHOUT }),
    ),
  ];
  return [
    {
      title: "GET / in ms while one route computes",
      table: {
        columns: ["", "idle p50", "idle p99", "p50", "p90", "p99", "longest", "computed/s"],
        rows: measured.map(row),
      },
      notes: [
        `${PROBE_RATE} requests/s, each on a connection on which nothing waits, counted from when it was due; ${LOAD_CONNECTIONS} clients ask the route that computes, 50 ms of PBKDF2 each time`,
        poolNote,
        `PBKDF2 is C code, for which Python lets go of its lock. "Python code" computes 50 ms in Python itself`,
        ...fastApiNote(peers),
        probeNote(ours.rounds),
      ],
      goals,
      measured: measured.map(({ rounds: _, ...summary }) => summary),
    },
  ];
}

function sidesOf(peers: readonly Peer[]): LoadedSide[] {
  return peers.flatMap((peer) => {
    const side = { ...peer, computePath: "/compute" };
    if (peer.name === LASTING)
      return [
        { ...side, name: WITHOUT, settings: { ...peer.settings, priority: 0 } },
        side,
        { ...side, name: IDLE_CLASS, settings: { ...peer.settings, priority: "idle" } },
      ];
    if (peer.settings.runs === "thread")
      return [side, { ...side, name: IN_PYTHON, computePath: "/compute_in_python" }];
    return [side];
  });
}

const ms = (value: number): string => formatNumber(value, value < 10 ? 2 : 0);

function row({ name, idle, loaded, worksPerSecond }: LoadedLatency): string[] {
  return [
    name,
    ms(idle.p50),
    ms(idle.p99),
    ms(loaded.p50),
    ms(loaded.p90),
    ms(loaded.p99),
    ms(loaded.max),
    formatNumber(worksPerSecond.median, 1),
  ];
}
