import type { Server, Socket } from "node:net";

/** Node's socket, with what only its handle knows: what the system has taken of a write, while the rest waits. */
interface HandledSocket extends Socket {
  readonly _handle?: { readonly bytesWritten?: number; readonly writeQueueSize?: number } | null;
  /** With https the connection below, whose handle is given what is encrypted. */
  readonly _parent?: HandledSocket | null;
}

/** How often each connection is looked at within the limit. */
const LOOKS = 4;
const MIN_INTERVAL_MS = 20;

/** How much a client had taken when it was last seen to take something, and at how many looks since then. */
interface Taken {
  readonly bytes: number;
  readonly looks: number;
}

/**
 * Cuts off clients that take nothing of what was written to them for too long: until its answer is sent, a request keeps
 * its dependencies open, such as a connection to a database.
 */
export class StalledClients {
  readonly #intervalMs: number;
  readonly #waiting = new WeakMap<Socket, Taken>();

  constructor(limitMs: number) {
    this.#intervalMs = Math.max(MIN_INTERVAL_MS, limitMs / LOOKS);
  }

  /** Looks at the connections of a server until it closes. */
  watch(server: Server, sockets: Iterable<Socket>): void {
    const timer = setInterval(() => this.look(sockets), this.#intervalMs);
    timer.unref();
    server.once("close", () => clearInterval(timer));
  }

  /**
   * Looks at all connections. Counts looks rather than time: while the loop is blocked or the machine is paused, nothing
   * is written, and no client is to blame.
   */
  look(sockets: Iterable<Socket>): void {
    for (const socket of sockets) {
      if (socket.writableLength === 0) this.#waiting.delete(socket);
      else this.#lookAt(socket);
    }
  }

  #lookAt(socket: HandledSocket): void {
    const below: HandledSocket = socket._parent ?? socket;
    // A connection of the test client has no handle, and counts itself what was taken.
    const { bytesWritten = 0, writeQueueSize = 0 } = below._handle ?? { bytesWritten: below.bytesWritten };
    const bytes = bytesWritten - writeQueueSize;
    const last = this.#waiting.get(socket);
    const looks = last?.bytes === bytes ? last.looks + 1 : 0;
    if (looks < LOOKS) this.#waiting.set(socket, { bytes, looks });
    else socket.destroy();
  }
}
