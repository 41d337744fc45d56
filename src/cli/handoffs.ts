import cluster, { type Worker } from "node:cluster";

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
 * Follows the connections that are handed to a worker until it takes them. node:cluster forgets those of a worker that
 * ends: they stay open, and nobody answers them. Nothing of them has been read, so another worker can have them.
 *
 * @param worker - One that has just been started.
 * @param hasOthers - Asked when it has ended: whether another worker listens. Otherwise its connections are closed, as
 * those are that no worker was handed yet.
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
    // Node does not tell of the end of a channel while a handle is on its way: node:cluster would go on handing over.
    if (cluster.workers?.[worker.id] !== undefined) process.emit("disconnect");
    for (const [ack, connection] of pending) {
      // Refused in its name: node:cluster then asks the next one.
      if (hasOthers()) process.emit("internalMessage", { cmd: "NODE_CLUSTER", ack, accepted: false });
      else connection.close();
    }
  });
}
