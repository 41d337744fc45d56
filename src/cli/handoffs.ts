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
  /** Its file descriptor. */
  readonly fd: number;
  close(): void;
}

/** What the connections that are handed to a worker depend on. */
export interface Handoffs {
  /** How many other workers are listening. */
  countOthers(): number;
  /** Called with the descriptor of each connection that the primary has accepted. */
  onAccepted(descriptor: number): void;
  /** Called for each connection that did not reach the worker: it had no file descriptor left for it. */
  onLost(): void;
}

/** How many workers have had no file descriptor for a connection. */
const losses = new WeakMap<Connection, number>();

/**
 * Tracks the connections handed to a worker until the worker takes them. node:cluster forgets two kinds: those of a worker
 * that ends, and those that a worker without a free file descriptor could not receive. They stay open, nobody answers
 * them, and after one of the second kind that worker is never handed another. Since nothing of them has been read, another
 * worker can have them. If none can, they are closed, as the system does where a single process has no descriptor left.
 *
 * @param worker - A worker that has just been started.
 */
export function watchHandoffs(worker: Worker, { countOthers, onAccepted, onLost }: Handoffs): void {
  const { process } = worker;
  const pending = new Map<unknown, Connection>();
  /** The numbers of what was sent with a handle, oldest first: the worker says of each, in turn, whether it got the handle. */
  const inTransit: unknown[] = [];
  const track = (number: unknown, connection: Connection): void => {
    pending.set(number, connection);
    onAccepted(connection.fd);
  };
  const send = process.send as (...all: unknown[]) => boolean;
  process.send = (message: HandoffMessage, ...rest: unknown[]) => {
    const [handle] = rest;
    if (handle != null && typeof handle === "object") {
      if (isHandoff(message)) track(message.seq, handle as Connection);
      inTransit.push(message.seq);
    }
    return send.call(process, message, ...rest);
  };
  /** Answers in the worker's name. node:cluster then closes a connection that is accepted, and offers others again. */
  const answer = (ack: unknown, accepted: boolean): void => {
    process.emit("internalMessage", { cmd: "NODE_CLUSTER", ack, accepted });
  };
  process.on("internalMessage", ({ cmd, ack }: HandoffMessage) => {
    if (cmd === "NODE_HANDLE_ACK" || cmd === "NODE_HANDLE_NACK") {
      const number = inTransit.shift();
      const lost = cmd === "NODE_HANDLE_NACK" ? pending.get(number) : undefined;
      if (lost === undefined) return;
      const count = (losses.get(lost) ?? 0) + 1;
      losses.set(lost, count);
      onLost();
      answer(number, count > countOthers());
    } else pending.delete(ack);
  });
  process.once("close", () => {
    // Node does not report the end of a channel while a handle is in transit: node:cluster would keep handing over.
    if (cluster.workers?.[worker.id] !== undefined) process.emit("disconnect");
    for (const [ack, connection] of pending) {
      // Refused in the worker's name, so that node:cluster asks the next one.
      if (countOthers() > 0) answer(ack, false);
      else connection.close();
    }
  });
}

function isHandoff({ cmd, act }: HandoffMessage): boolean {
  return cmd === "NODE_CLUSTER" && act === "newconn";
}
