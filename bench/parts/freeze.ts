import { measureComputing } from "../freeze/computing.ts";
import { measureKill } from "../freeze/kill.ts";
import { findPeers } from "../freeze/peers.ts";
import { measureRunaway } from "../freeze/runaway.ts";
import { measureShortBehindSlow } from "../freeze/short-behind-slow.ts";
import { measureTasks } from "../freeze/tasks.ts";
import type { Bench, PartResult } from "../part.ts";

/** One round here takes as long as three of other parts: every peer blocks for seconds. */
const SHARE_OF_ROUNDS = 3;

/** What of each framework freezes, and for how long: blocking work of every kind, in all peers, in one run. */
export async function measureFreeze(bench: Bench): Promise<PartResult[]> {
  const peers = findPeers(bench);
  const rounds = Math.ceil(bench.options.rounds / SHARE_OF_ROUNDS);
  return [
    await measureComputing(peers, rounds, bench),
    await measureShortBehindSlow(peers, rounds, bench),
    await measureRunaway(peers, bench),
    await measureTasks(peers, bench),
    await measureKill(peers, bench),
  ];
}
