/** A run of this many milliseconds or more is a long one: its operation may not use the express lane. */
export const SHORT_MS = 50;
/** Runs below this are quick: several calls may be handed to a thread at once, and answered at once. */
const QUICK_MS = 1;
/** How many runs are looked back on. */
const WINDOW = 16;

/** How long the last runs of one operation or task took. */
export class RunHistory {
  #runs = 0;
  /** One bit a run, the newest lowest: set when it was long. */
  #long = 0;
  #longCount = 0;
  #quickInARow = 0;

  /** @param ms - How long the run took. */
  record(ms: number): void {
    const oldest = (this.#long >>> (WINDOW - 1)) & 1;
    const newest = ms >= SHORT_MS ? 1 : 0;
    this.#long = ((this.#long << 1) | newest) & ((1 << WINDOW) - 1);
    this.#longCount += newest - oldest;
    if (this.#runs < WINDOW) this.#runs++;
    this.#quickInARow = ms < QUICK_MS ? this.#quickInARow + 1 : 0;
  }

  /** Whether the median of the last runs is under 50 ms. False before the first run. */
  get isShort(): boolean {
    return this.#runs > 0 && this.#longCount * 2 < this.#runs;
  }

  /** Whether every one of the last 16 runs took less than a millisecond. */
  get isQuick(): boolean {
    return this.#quickInARow >= WINDOW;
  }
}
