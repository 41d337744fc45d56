import { pbkdf2Sync } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { settings } from "./settings.ts";

/** The same amount of CPU work on every server, however long it takes there. */
export function burn(): { hash: string } {
  return { hash: pbkdf2Sync("password", "salt", settings.burnIterations, 32, "sha256").toString("hex") };
}

/** Occupies a thread without using a core. */
export function hold(): { held: boolean } {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  return { held: true };
}

let ends: number[] = [];

/** What runs after a response. */
export async function waitAfterwards(): Promise<void> {
  await wait(500);
  ends.push(performance.now());
}

/** When the tasks that have ended since the last call ended. */
export function takeEnds(): number[] {
  const taken = ends;
  ends = [];
  return taken;
}
