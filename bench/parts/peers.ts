import { comparisonResult } from "../comparison-result.ts";
import { fastApiNote, findPeers, OFFLOOP, oncePerFramework, type Peer } from "../freeze/peers.ts";
import type { Bench, PartResult } from "../part.ts";
import type { Side } from "../side.ts";
import { measureInTurns } from "../turns.ts";

const body = '{"hello":"world"}';

/** An async operation that answers the same JSON, in every peer. */
export function measurePeers(bench: Bench): Promise<PartResult[]> {
  const peers = findPeers(bench);
  const sides = oncePerFramework(peers).map((peer): Side => ({ ...peer, path: "/", body }));
  return compareWithOffloop("an async operation that answers JSON, in every peer", sides, peers, bench);
}

/** The same as blocking code, in the peers that have threads for it. */
export function measurePeersThreads(bench: Bench): Promise<PartResult[]> {
  const peers = findPeers(bench);
  const sides = peers
    .filter(({ worksOn }) => worksOn === "threads")
    .map((peer): Side => ({ ...peer, path: "/short", body }));
  return compareWithOffloop("the same as blocking code, on threads", sides, peers, bench);
}

async function compareWithOffloop(
  title: string,
  sides: readonly Side[],
  peers: readonly Peer[],
  bench: Bench,
): Promise<PartResult[]> {
  const twice = sides.filter(({ name }) => name === OFFLOOP);
  const pairs = sides
    .filter((side) => !twice.includes(side))
    .map(({ name }) => ({ ours: OFFLOOP, peer: name }));
  const measured = await measureInTurns({ sides, twice, rounds: bench.options.rounds }, bench);
  const notes = ["every peer as it is delivered, logs off", ...fastApiNote(peers)];
  return [comparisonResult(title, pairs, measured, notes)];
}
