const WINDOW_S = 10;
const LONGEST_S = 3600;

/** How many calls end in a second, measured over the last ten. */
export class DrainRate {
  readonly #ended = new Uint32Array(WINDOW_S);
  #second = 0;

  /**
   * A call has ended.
   *
   * @param now - From `performance.now()`.
   */
  record(now: number): void {
    this.#turnTo(now);
    this.#ended[this.#second % WINDOW_S]!++;
  }

  /** After how many seconds, 1-3600, as many calls as wait now should have ended: a `Retry-After`. */
  retryAfterS(waiting: number, now: number): number {
    this.#turnTo(now);
    const perSecond = this.#ended.reduce((sum, count) => sum + count, 0) / WINDOW_S;
    return Math.max(1, Math.min(LONGEST_S, Math.ceil(waiting / Math.max(perSecond, 1 / WINDOW_S))));
  }

  #turnTo(now: number): void {
    const second = Math.floor(now / 1000);
    if (second - this.#second >= WINDOW_S) this.#ended.fill(0);
    else for (let old = this.#second + 1; old <= second; old++) this.#ended[old % WINDOW_S] = 0;
    this.#second = second;
  }
}
