import { pbkdf2Sync } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { settings } from "../settings.ts";
import { burn, hold } from "../work.ts";

/** How long `GET /runaway` may take, for every peer that can be told. */
export const DEADLINE_MS = 1_000;
/** What an async task waits for. */
const TASK_WAIT_MS = 500;
/** A plain task computes for a tenth of a `GET /compute`: about 5 ms. */
const TASK_SHARE = 0.1;

export const greeting = { hello: "world" };

/** What each route that does work does, as a blocking function. */
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

/** The async task: it leaves a line when it has ended, so that it is counted also where its process dies. */
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
