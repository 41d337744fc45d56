import type { ChildProcess } from "node:child_process";
import type { Worker } from "node:cluster";

/** What node:cluster sends with a connection; the worker answers with `ack`. */
interface HandoffMessage {
  readonly cmd?: unknown;
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
}

/** A connection that a primary has accepted. */
interface Connection {
  close(): void;
}

/**
 * The connections that were handed to a worker and that it has not taken yet. node:cluster forgets those of a worker
 * that ends: they stay open, and nobody answers them. Nothing of them has been read, so another worker can have them.
 */
export class Handoffs {
  readonly #process: ChildProcess;
  readonly #pending = new Map<unknown, Connection>();

  /** Follows what node:cluster sends to a worker, from its start on. */
  constructor({ process }: Worker) {
    this.#process = process;
    const send = process.send;
    process.send = (message: HandoffMessage, ...rest: unknown[]) => {
      const [handle] = rest;
      if (message?.cmd === "NODE_CLUSTER" && message.act === "newconn" && handle !== undefined)
        this.#pending.set(message.seq, handle as Connection);
      return (send as (...all: unknown[]) => boolean).call(process, message, ...rest);
    };
    process.on("internalMessage", ({ ack }: HandoffMessage) => this.#pending.delete(ack));
  }

  /**
   * The worker has ended: what it did not take is refused in its name, which has node:cluster ask the next one.
   *
   * @param hasOthers - Whether there is one. Otherwise the connections are closed, as those are that none was handed yet.
   */
  giveBack(hasOthers: boolean): void {
    for (const [ack, connection] of this.#pending) {
      if (hasOthers) this.#process.emit("internalMessage", { cmd: "NODE_CLUSTER", ack, accepted: false });
      else connection.close();
    }
    this.#pending.clear();
  }
}
