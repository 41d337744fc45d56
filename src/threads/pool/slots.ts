import { SLOTS } from "../crossing/board.ts";
import type { Call } from "./call.ts";

/** The calls that a thread holds, each in a slot of the board it shares with the pool. */
export class Slots {
  readonly #calls: (Call | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, slot) => SLOTS - 1 - slot);

  get load(): number {
    return SLOTS - this.#free.length;
  }

  get hasRoom(): boolean {
    return this.#free.length > 0;
  }

  at(slot: number): Call | undefined {
    return this.#calls[slot];
  }

  slotOf(call: Call): number | undefined {
    const slot = this.#calls.indexOf(call);
    return slot === -1 ? undefined : slot;
  }

  /** Puts a call into a free slot; only while there is room. */
  put(call: Call): number {
    const slot = this.#free.pop() as number;
    this.#calls[slot] = call;
    return slot;
  }

  free(slot: number): void {
    this.#calls[slot] = undefined;
    this.#free.push(slot);
  }

  /** Frees the slots of calls that may go, and returns these calls in the order they came. */
  release(mayGo: (call: Call, slot: number) => boolean): Call[] {
    const released: Call[] = [];
    for (const [slot, call] of this.#calls.entries()) {
      if (call === undefined || !mayGo(call, slot)) continue;
      this.free(slot);
      released.push(call);
    }
    return released.sort((a, b) => a.order - b.order);
  }

  /** The first defined result of `look` over the calls. */
  find<T>(look: (call: Call, slot: number) => T | undefined): T | undefined {
    for (const [slot, call] of this.#calls.entries()) {
      const found = call === undefined ? undefined : look(call, slot);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
