import { poolThreads } from "../latency.ts";
import type { Bench } from "../part.ts";
import { findFastApi } from "../python.ts";
import type { ServerPlan } from "../server-process.ts";
import type { ServerSettings } from "../servers/settings.ts";

/** A framework's server, with the same routes as all others. */
export interface Peer extends ServerPlan {
  readonly name: string;
  readonly settings: Partial<ServerSettings>;
  /** Where users of this framework run blocking code. */
  readonly worksOn: "loop" | "threads";
}

export const OFFLOOP = "offloop";
/** With threads that stay, like piscina's, and one for the reserve. */
const LASTING_THREADS = poolThreads + 1;
export const LASTING: string = `offloop, threads.min ${LASTING_THREADS}`;
export const PISCINA = "Fastify + piscina";

/** The peers that this machine can run, offloop last. FastAPI is included if a Python has it. */
export function findPeers({ burnIterations, say }: Pick<Bench, "burnIterations" | "say">): Peer[] {
  const settings = { burnIterations };
  const inline = (name: string, file: ServerPlan["file"]): Peer => ({
    name,
    file,
    settings,
    worksOn: "loop",
  });
  const found = findFastApi();
  if (found === undefined)
    say("!! FastAPI, uvicorn, uvloop or httptools are not installed: measured WITHOUT FastAPI");
  return [
    inline("node:http", "peers/node-http"),
    inline("Express", "peers/express"),
    inline("Hono", "peers/hono"),
    inline("Fastify", "peers/fastify"),
    inline("NestJS on Fastify", "peers/nest"),
    ...(found === undefined ? [] : fastApis(found.python, settings)),
    { name: PISCINA, file: "peers/fastify-piscina", settings, worksOn: "threads" },
    { name: OFFLOOP, file: "peers/offloop", settings, worksOn: "threads" },
  ];
}

function fastApis(python: string, settings: Partial<ServerSettings>): Peer[] {
  const file = "peers/fastapi";
  return [
    { name: "FastAPI, async def", file, settings: { ...settings, python, runs: "loop" }, worksOn: "loop" },
    { name: "FastAPI, def", file, settings: { ...settings, python, runs: "thread" }, worksOn: "threads" },
  ];
}

/** The same peers, and offloop with threads that stay, for what depends on how many there are at the moment. */
export function withLastingPool(peers: readonly Peer[]): Peer[] {
  return peers.flatMap((peer) =>
    peer.name === OFFLOOP
      ? [peer, { ...peer, name: LASTING, settings: { ...peer.settings, minThreads: LASTING_THREADS } }]
      : [peer],
  );
}

/** FastAPI once: how its operations are declared makes no difference to an async route, or to its tasks. */
export function oncePerFramework(peers: readonly Peer[]): Peer[] {
  return peers
    .filter(({ settings }) => settings.runs !== "thread")
    .map((peer) => (peer.settings.runs === "loop" ? { ...peer, name: "FastAPI" } : peer));
}

/** What offloop and piscina have in common, and what is different by default. */
export const poolNote: string = `offloop's ${poolThreads} threads and its reserve start when they are needed, and leave after 30 s without work; with threads.min ${LASTING_THREADS} they stay, like piscina's ${poolThreads}`;

/** The note of a table when there is no FastAPI. */
export function fastApiNote(peers: readonly Peer[]): string[] {
  if (peers.some(({ file }) => file === "peers/fastapi"))
    return [
      "FastAPI on uvicorn with uvloop and httptools, one process; its threads are the 40 of its own default",
    ];
  return ["FastAPI is NOT in this table: no Python here has fastapi, uvicorn, uvloop and httptools"];
}

/** One round takes as long as three in other parts, since every peer blocks for seconds. */
const SHARE_OF_ROUNDS = 3;

export function roundsOf({ options }: Bench): number {
  return Math.ceil(options.rounds / SHARE_OF_ROUNDS);
}
