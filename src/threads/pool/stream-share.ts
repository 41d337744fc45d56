/** What a stream may take of its thread when it begins. */
const BEGIN_MS = 20;
/** However long a call has run: what waits for the thread does not wait longer for streams. */
const MOST_MS = 250;
/** How long a thread waits for a client that has taken what there was. */
const WAIT_MS = 5;

/**
 * What the open streams of a thread may take of it before the next call. A chunk is asked for once the one before was
 * taken, a few turns of the loop later: a call that began in between would come before each chunk, however short. So for
 * as long as a call has kept streams waiting, they may go on before the next.
 */
export class StreamShare {
  #open = 0;
  #owedMs = 0;
  #until = 0;

  /** How many are open. */
  get open(): number {
    return this.#open;
  }

  /** Whether they have had what they may take: a call that waits goes first. */
  get isSpent(): boolean {
    return this.#owedMs === 0;
  }

  /** Whether the next chunk is waited for, at this moment of `performance.now()`. */
  isReserved(now: number): boolean {
    return now < this.#until;
  }

  /** A stream is open from now on. */
  begin(): void {
    this.#open++;
    this.#owedMs = Math.max(this.#owedMs, BEGIN_MS);
    this.#wait();
  }

  /** One of them has ended. */
  end(): void {
    if (--this.#open === 0) this.#clear();
  }

  /** A call has run, which streams may have waited for. */
  recordCall(runMs: number, hasWaiting: boolean): void {
    if (hasWaiting) this.#owedMs = Math.min(MOST_MS, this.#owedMs + runMs);
  }

  /** A stream has made what it was asked for. */
  recordPull(runMs: number): void {
    this.#owedMs = Math.max(0, this.#owedMs - runMs);
    this.#wait();
  }

  /** The next call begins: whoever has not asked until now has nothing to make up for. */
  giveUp(): void {
    if (this.#open > 0) this.#clear();
  }

  #wait(): void {
    this.#until = performance.now() + Math.min(WAIT_MS, this.#owedMs);
  }

  #clear(): void {
    this.#owedMs = 0;
    this.#until = 0;
  }
}
