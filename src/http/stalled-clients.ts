import type { Socket } from "node:net";

/** Node's socket, with what only its handle knows: what the system has taken of a write, while the rest waits. */
interface HandledSocket extends Socket {
  readonly _handle?: { readonly bytesWritten?: number; readonly writeQueueSize?: number } | null;
  /** With https the connection below, whose handle is given what is encrypted. */
  readonly _parent?: HandledSocket | null;
}

/** How much a client had taken when it was last seen to take something. */
interface Taken {
  readonly bytes: number;
  readonly at: number;
}

/**
 * Cuts off clients that take nothing of what was written to them for too long: until its answer is sent, a request keeps
 * its dependencies open, the connection to a database for one.
 */
export class StalledClients {
  readonly #limitMs: number;
  readonly #waiting = new WeakMap<Socket, Taken>();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Looks at all connections. To be called several times within the limit. */
  look(sockets: Iterable<Socket>): void {
    const now = performance.now();
    for (const socket of sockets) {
      if (socket.writableLength === 0) this.#waiting.delete(socket);
      else this.#lookAt(socket, now);
    }
  }

  #lookAt(socket: HandledSocket, now: number): void {
    const { bytesWritten = 0, writeQueueSize = 0 } = (socket._parent ?? socket)._handle ?? {};
    const bytes = bytesWritten - writeQueueSize;
    const last = this.#waiting.get(socket);
    if (last?.bytes !== bytes) this.#waiting.set(socket, { bytes, at: now });
    else if (now - last.at >= this.#limitMs) socket.destroy();
  }
}
