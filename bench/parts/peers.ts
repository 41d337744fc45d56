import { comparisonResult } from "../comparison-result.ts";
import { fastApiNote, findPeers, OFFLOOP } from "../freeze/peers.ts";
import type { Bench, PartResult } from "../part.ts";
import type { Side } from "../side.ts";
import { measureInTurns } from "../turns.ts";

const body = '{"hello":"world"}';

/** An async operation of every peer that answers the same JSON, and a plain one where blocking code has threads. */
export async function measurePeers(bench: Bench): Promise<PartResult[]> {
  const peers = findPeers(bench);
  const sides = peers.map((peer): Side => ({ ...peer, path: "/", body }));
  const plain = peers
    .filter(({ worksOn }) => worksOn === "threads")
    .map((peer): Side => ({ ...peer, name: `${peer.name}, on a thread`, path: "/short", body }));
  // Both ways of FastAPI answer this route alike.
  const loop = sides.filter(({ settings }) => settings?.runs !== "thread");
  const results: PartResult[] = [];
  for (const [name, title, compared] of [
    ["loop", "an async operation that answers JSON, in every peer", loop],
    ["threads", "the same as blocking code on threads", plain],
  ] as const) {
    const ours = compared.find((side) => side.name.startsWith(OFFLOOP)) as Side;
    const pairs = compared.filter((side) => side !== ours).map((peer) => ({ ours: ours.name, peer: peer.name }));
    const turns = { sides: compared, twice: [ours], rounds: bench.options.rounds };
    const notes = ["every peer as it is delivered, logs off", ...fastApiNote(peers)];
    results.push({ name, ...comparisonResult(title, pairs, await measureInTurns(turns, bench), notes) });
  }
  return results;
}
