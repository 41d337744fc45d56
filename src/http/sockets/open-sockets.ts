import type { Socket as NetSocket } from "node:net";
import type { WebSocket } from "ws";
import type { HttpRequest } from "../request.ts";
import { goingAway, type LiveSocket } from "./live-socket.ts";

/** How often to check for silence within `idleMs`. */
const LOOKS = 10;

/** A connected socket. */
interface Connected {
  readonly asked: HttpRequest;
  readonly socket: LiveSocket;
  readonly connection: WebSocket;
  /** Counts the bytes that the connection has received; in process, where no client gets lost, nothing counts them. */
  readonly bytes: Partial<Pick<NetSocket, "bytesRead">>;
  bytesRead: number | undefined;
  heardAt: number;
  askedAt: number;
}

/** The open sockets of a server: cuts off clients that are silent for too long, and closes all at shutdown. */
export class OpenSockets {
  readonly #idleMs: number;
  readonly #connected = new Set<Connected>();
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

  /** Watches a connection until it is closed. One whose handshake was under way when all began to close goes at once. */
  add(asked: HttpRequest, socket: LiveSocket, connection: WebSocket): void {
    const bytes = asked.message.socket;
    const now = performance.now();
    const one: Connected = {
      asked,
      socket,
      connection,
      bytes,
      bytesRead: bytes.bytesRead,
      heardAt: now,
      askedAt: now,
    };
    this.#connected.add(one);
    connection.on("close", () => this.#connected.delete(one));
    this.#timer ??= setInterval(() => this.#look(), this.#idleMs / LOOKS).unref();
    if (this.#isClosing) sendAway(one);
  }

  /** Counts a socket until the returned function is called. */
  begin(): () => void {
    this.#living++;
    return this.#end;
  }

  /** Begins to close all sockets; a message that is being handled is still answered. */
  goAway(): void {
    this.#isClosing = true;
    for (const one of this.#connected) sendAway(one);
  }

  /** Cuts off the remaining sockets. */
  cut(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#connected) socket.cut(goingAway);
  }

  /** Resolves when all sockets have ended and their dependencies are closed. */
  async closed(): Promise<void> {
    if (this.#living === 0) return;
    await new Promise<void>((resolve) => {
      this.#onNoneLeft = resolve;
    });
  }

  readonly #end = (): void => {
    if (--this.#living === 0) this.#onNoneLeft?.();
  };

  #look(): void {
    const now = performance.now();
    const step = this.#idleMs / LOOKS;
    for (const one of this.#connected) {
      const { bytesRead } = one.bytes;
      if (bytesRead === undefined) continue;
      // While its inbox is full nothing is read, so silence proves nothing.
      if (bytesRead !== one.bytesRead || one.socket.inbox.isPaused) {
        one.bytesRead = bytesRead;
        one.heardAt = now;
      } else if (now - one.heardAt > this.#idleMs - step) {
        one.socket.cut({ code: 1006, reason: "The client has been silent" });
      } else if (now - Math.max(one.heardAt, one.askedAt) >= this.#idleMs / 2 - step) {
        one.askedAt = now;
        one.connection.ping();
      }
    }
  }
}

function sendAway({ asked, socket }: Connected): void {
  asked.end(new DOMException(goingAway.reason, "AbortError"));
  socket.goAway();
}
