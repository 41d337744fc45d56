import { clockMs } from "./clock.ts";
import type { LogAdvice } from "./messages.ts";

const QUIET_MS = 10_000;
const MAX_PLACES = 1_000;

/** Lets one line a place pass every ten seconds, and counts the others. */
export class LogLimit {
  readonly #places = new Map<string, { loggedAt: number; skipped: number }>();

  advise(place: string): LogAdvice {
    const now = clockMs();
    const last = this.#places.get(place);
    if (last !== undefined && now - last.loggedAt < QUIET_MS) return { due: false, skipped: ++last.skipped };
    if (this.#places.size >= MAX_PLACES) this.#places.clear();
    this.#places.set(place, { loggedAt: now, skipped: 0 });
    return { due: true, skipped: last?.skipped ?? 0 };
  }
}
