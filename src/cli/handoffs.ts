import cluster, { type Worker } from "node:cluster";

/** node:cluster sends this with a connection; the worker answers with `ack`. */
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
 * Tracks the connections handed to a worker until the worker takes them. node:cluster forgets those of a worker that
 * ends: they stay open, and nobody answers them. Since nothing of them has been read, another worker can have them.
 *
 * @param worker - A worker that has just been started.
 * @param hasOthers - Called when it has ended: whether another worker is listening. If not, its connections are closed,
 * like those that have not been handed to any worker yet.
 */
export function watchHandoffs(worker: Worker, hasOthers: () => boolean): void {
  const { process } = worker;
  const pending = new Map<unknown, Connection>();
  const send = process.send as (...all: unknown[]) => boolean;
  process.send = (message: HandoffMessage, ...rest: unknown[]) => {
    const [handle] = rest;
    if (message?.cmd === "NODE_CLUSTER" && message.act === "newconn" && handle !== undefined)
      pending.set(message.seq, handle as Connection);
    return send.call(process, message, ...rest);
  };
  process.on("internalMessage", ({ ack }: HandoffMessage) => pending.delete(ack));
  process.once("close", () => {
    // Node does not report the end of a channel while a handle is in transit: node:cluster would keep handing over.
    if (cluster.workers?.[worker.id] !== undefined) process.emit("disconnect");
    for (const [ack, connection] of pending) {
      // Refused in the worker's name, so that node:cluster asks the next one.
      if (hasOthers()) process.emit("internalMessage", { cmd: "NODE_CLUSTER", ack, accepted: false });
      else connection.close();
    }
  });
}
