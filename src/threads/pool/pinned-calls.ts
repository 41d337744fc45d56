import type { Call, Holder } from "./call.ts";
import type { Roster } from "./roster.ts";
import type { Thread } from "./thread.ts";

/** Calls that are meant for one thread: it holds what they are about. */
export class PinnedCalls {
  readonly #calls: [Holder, Call][] = [];

  push(holder: Holder, call: Call): void {
    this.#calls.push([holder, call]);
  }

  /**
   * Takes the first whose thread has room, with the thread.
   *
   * @param lose - Told of those whose thread has ended.
   */
  next(
    roster: Roster,
    lose: (call: Call) => void,
  ): { readonly thread: Thread; readonly call: Call } | undefined {
    for (let index = 0; index < this.#calls.length; ) {
      const [holder, call] = this.#calls[index] as [Holder, Call];
      const thread = roster.find(holder);
      if (thread?.hasRoom === false) {
        index++;
        continue;
      }
      this.#calls.splice(index, 1);
      if (thread === undefined) {
        lose(call);
        continue;
      }
      roster.take(thread);
      return { thread, call };
    }
    return undefined;
  }

  /** Takes all. */
  clear(): Call[] {
    return this.#calls.splice(0).map(([, call]) => call);
  }
}
