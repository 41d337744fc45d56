/** How many pieces are put together at once. */
const TOGETHER = 256;
/** Longer pieces than this, on average, are kept as they are: putting them together would save nothing. */
const SMALL_BYTES = 1_024;

/**
 * The pieces of something that is kept until all of it has arrived. Each costs some two hundred bytes besides its own, and
 * a client may send a body in pieces of one byte, so small ones are put together while they arrive.
 */
export class Pieces {
  readonly #kept: Buffer[] = [];
  #newest: Buffer[] = [];
  #newestBytes = 0;

  add(piece: Buffer): void {
    this.#newest.push(piece);
    this.#newestBytes += piece.length;
    if (this.#newest.length < TOGETHER) return;
    if (this.#newestBytes > TOGETHER * SMALL_BYTES) this.#kept.push(...this.#newest);
    else this.#kept.push(Buffer.concat(this.#newest, this.#newestBytes));
    this.#newest = [];
    this.#newestBytes = 0;
  }

  /** All of them, in order; keeps none. */
  take(): Buffer[] {
    const all = [...this.#kept.splice(0), ...this.#newest];
    this.#newest = [];
    this.#newestBytes = 0;
    return all;
  }
}
