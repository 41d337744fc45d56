import { createHook } from "node:async_hooks";
import { type Board, beginTurn, endTurn, sharedNow, tellHeld } from "../crossing/board.ts";

/** A call that shares its thread with others. */
export interface Sharer {
  /** Its slot on the board. */
  readonly slot: number;
  /** For how many milliseconds others have computed while it was running. */
  heldMs: number;
}

/**
 * Tells the pool which of the calls that share a thread is the one that computes, so that none of them loses its deadline
 * to another. Node calls these hooks around every piece of code that something asynchronous leads to, which makes each
 * promise cost a microsecond: they are on only while a call that may be ended shares its thread.
 */
export class Turns {
  readonly #board: Board;
  readonly #speaking: () => Sharer | undefined;
  readonly #sharing: () => readonly Sharer[];
  readonly #hook = createHook({ before: () => this.#begin(this.#speaking()), after: () => this.#end() });
  #isWatching = false;
  #computing: Sharer | undefined;
  #since = 0;

  /**
   * @param speaking - Returns the call whose code is running; undefined where it belongs to none.
   * @param sharing - Returns the calls that share the thread.
   */
  constructor(board: Board, speaking: () => Sharer | undefined, sharing: () => readonly Sharer[]) {
    this.#board = board;
    this.#speaking = speaking;
    this.#sharing = sharing;
  }

  /** Calls share the thread from now on. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#hook.enable();
  }

  /** One call has the thread to itself again, or no call that shares it may be ended. */
  rest(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    this.#hook.disable();
    this.#end();
  }

  /** Runs the first piece of a call's code. */
  first<Result>(call: Sharer, run: () => Result): Result {
    if (!this.#isWatching) return run();
    this.#begin(call);
    try {
      return run();
    } finally {
      this.#end();
    }
  }

  #begin(call: Sharer | undefined): void {
    this.#end(); // the rest of a piece that another is nested in is nobody's
    if (call === undefined) return;
    this.#computing = call;
    this.#since = sharedNow();
    beginTurn(this.#board, call.slot, this.#since);
  }

  #end(): void {
    const computing = this.#computing;
    if (computing === undefined) return;
    this.#computing = undefined;
    const ms = sharedNow() - this.#since;
    for (const call of this.#sharing()) {
      if (call === computing) continue;
      call.heldMs += ms;
      tellHeld(this.#board, call);
    }
    endTurn(this.#board);
  }
}
