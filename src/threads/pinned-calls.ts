import type { Call, Holder } from "./call.ts";
import type { Roster } from "./roster.ts";
import type { Thread } from "./thread.ts";

/** Calls that are meant for one thread: it holds what they are about. */
export class PinnedCalls {
  #calls: [Holder, Call][] = [];

  push(holder: Holder, call: Call): void {
    this.#calls.push([holder, call]);
  }

  /** Takes those whose thread has room, with the thread. Those of a thread that has ended are lost. */
  *take(
    roster: Roster,
    lose: (call: Call, why: string) => void,
  ): Generator<{ readonly thread: Thread; readonly call: Call }> {
    if (this.#calls.length === 0) return;
    const threads = new Map<Holder, Thread>([...roster].map((thread) => [thread, thread]));
    for (const [holder, call] of this.#calls.splice(0)) {
      const thread = threads.get(holder);
      if (thread === undefined) lose(call, "it is gone");
      else if (!thread.hasRoom) this.#calls.push([holder, call]);
      else {
        roster.take(thread);
        yield { thread, call };
      }
    }
  }

  /** Takes all. */
  clear(): Call[] {
    return this.#calls.splice(0).map(([, call]) => call);
  }
}
