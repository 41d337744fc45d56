import { pbkdf2Sync } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { settings } from "../settings.ts";
import { burn, hold } from "../work.ts";

/** The limit for `GET /runaway`, for every peer that can have one. */
export const DEADLINE_MS = 1_000;
/** How long an async task waits. */
const TASK_WAIT_MS = 500;
/** A plain task computes for a tenth of a `GET /compute`: about 5 ms. */
const TASK_SHARE = 0.1;

export const greeting = { hello: "world" };

/** The work of each route, as a blocking function. */
export const work: Readonly<Record<`/${string}`, () => unknown>> = {
  "/compute": burn,
  "/short": () => greeting,
  "/slow": hold,
  "/runaway": runAway,
};

/** Never returns. */
export function runAway(): never {
  for (let turns = 0; ; turns++) Math.imul(turns, turns);
}

/** The async task: it leaves a line when it has ended, so that it is counted even if its process dies. */
export async function waitAndNote(id: string): Promise<void> {
  await wait(TASK_WAIT_MS);
  note("async", id);
}

/** The plain task. */
export function computeAndNote(id: string): void {
  pbkdf2Sync("password", "salt", Math.ceil(settings.burnIterations * TASK_SHARE), 32, "sha256");
  note("plain", id);
}

function note(kind: "async" | "plain", id: string): void {
  appendFileSync(settings.ledger, `${kind} ${id} ${Date.now()}\n`);
}
