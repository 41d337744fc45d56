import type { Socket as NetSocket } from "node:net";
import type { WebSocket } from "ws";
import type { HttpRequest } from "../request.ts";
import { goingAway, type LiveSocket } from "./live-socket.ts";

/** How often in an idle time it is looked who is silent. */
const LOOKS = 10;

/** A socket that is connected. */
interface Connected {
  readonly asked: HttpRequest;
  readonly socket: LiveSocket;
  readonly connection: WebSocket;
  /** What the connection has received. Undefined within the process, where nobody is lost. */
  readonly bytes: Pick<NetSocket, "bytesRead">;
  bytesRead: number | undefined;
  heardAt: number;
  askedAt: number;
}

/** The sockets of a server: who is silent for too long is gone, and all are closed when the server shuts down. */
export class OpenSockets {
  readonly #idleMs: number;
  readonly #connected = new Set<Connected>();
  readonly #lives = new Set<Promise<unknown>>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ idleMs }: { readonly idleMs: number }) {
    this.#idleMs = idleMs;
  }

  /** Takes a connection on, until it is closed. */
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
    connection.once("close", () => this.#connected.delete(one));
    this.#timer ??= setInterval(() => this.#look(), this.#idleMs / LOOKS).unref();
  }

  /** Waits for a socket's life when the server shuts down. */
  follow(life: Promise<unknown>): void {
    this.#lives.add(life);
    void life.finally(() => this.#lives.delete(life));
  }

  /** Begins to close all: a message that is being handled is still answered. */
  goAway(): void {
    for (const { asked, socket } of this.#connected) {
      asked.end(new DOMException(goingAway.reason, "AbortError"));
      socket.goAway();
    }
  }

  /** Cuts off those that are left. */
  cut(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#connected) socket.cut(goingAway);
  }

  /** Resolves when what the sockets have left open is closed. */
  async closed(): Promise<void> {
    await Promise.allSettled(this.#lives);
  }

  #look(): void {
    const now = performance.now();
    const step = this.#idleMs / LOOKS;
    for (const one of this.#connected) {
      const { bytesRead } = one.bytes;
      if (bytesRead === undefined) continue;
      // One that is not read from may well speak.
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
