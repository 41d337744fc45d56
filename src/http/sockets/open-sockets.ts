import type { Socket as NetSocket } from "node:net";
import type { SocketClosing } from "../../app/sockets/socket.ts";
import { goingAway } from "./live-socket.ts";

/** How often to check for silence within `idleMs`. */
const LOOKS = 10;

/** An accepted connection. */
export interface WatchedConnection {
  /** Counts the bytes that it has received; in process, where no client gets lost, nothing counts them. */
  readonly bytes: Partial<Pick<NetSocket, "bytesRead">>;
  /** Whether reading has paused: its silence proves nothing. */
  readonly isPaused: boolean;
  ping(): void;
  /** Begins to close it: a message that is being handled is still answered. */
  goAway(): void;
  /** Cuts it off. */
  cut(closing: SocketClosing): void;
}

/** When a client was last heard, in whole milliseconds: of fractions each would be an object of its own. */
interface Heard {
  bytesRead: number | undefined;
  heardAt: number;
  askedAt: number;
}

/** The open sockets of a server: cuts off clients that are silent for too long, and closes all at shutdown. */
export class OpenSockets {
  readonly #idleMs: number;
  readonly #connected = new Map<WatchedConnection, Heard>();
  /** How many sockets have not ended, including everything they opened. */
  #living = 0;
  #onNoneLeft: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor({ idleMs }: { readonly idleMs: number }) {
    this.#idleMs = idleMs;
  }

  /** How many sockets are connected. */
  get size(): number {
    return this.#connected.size;
  }

  /** Counts a socket until it has ended. */
  began(): void {
    this.#living++;
  }

  /** Notes that a socket has ended. */
  ended(): void {
    if (--this.#living === 0) this.#onNoneLeft?.();
  }

  /** Watches a connection. One whose handshake was under way when all began to close goes at once. */
  add(connection: WatchedConnection): void {
    const now = Math.round(performance.now());
    this.#connected.set(connection, { bytesRead: connection.bytes.bytesRead, heardAt: now, askedAt: now });
    this.#timer ??= setInterval(() => this.#look(), this.#idleMs / LOOKS).unref();
    if (this.#isClosing) connection.goAway();
  }

  /** A connection is closed. */
  remove(connection: WatchedConnection): void {
    this.#connected.delete(connection);
  }

  /** Begins to close all sockets; a message that is being handled is still answered. */
  goAway(): void {
    this.#isClosing = true;
    for (const connection of this.#connected.keys()) connection.goAway();
  }

  /** Cuts off the remaining sockets. */
  cut(): void {
    clearInterval(this.#timer);
    for (const connection of this.#connected.keys()) connection.cut(goingAway);
  }

  /** Resolves when all sockets have ended and their dependencies are closed. */
  async closed(): Promise<void> {
    if (this.#living === 0) return;
    await new Promise<void>((resolve) => {
      this.#onNoneLeft = resolve;
    });
  }

  #look(): void {
    const now = Math.round(performance.now());
    const step = this.#idleMs / LOOKS;
    for (const [connection, heard] of this.#connected) {
      const { bytesRead } = connection.bytes;
      if (bytesRead === undefined) continue;
      if (bytesRead !== heard.bytesRead || connection.isPaused) {
        heard.bytesRead = bytesRead;
        heard.heardAt = now;
      } else if (now - heard.heardAt > this.#idleMs - step) {
        connection.cut({ code: 1006, reason: "The client has been silent" });
      } else if (now - Math.max(heard.heardAt, heard.askedAt) >= this.#idleMs / 2 - step) {
        heard.askedAt = now;
        connection.ping();
      }
    }
  }
}
