import { channel } from "node:diagnostics_channel";
import { clockMs } from "./shared-words.ts";

const requestStart = channel("http.server.request.start");
/** libuv accepts one connection a turn, so the last ones come some turns later. */
const QUIET_TURNS = 3;
const LONGEST_MS = 50;

/**
 * Requests that came while the loop was blocked: those read in the turns right after it, one a connection, since the
 * next on the same connection has not waited.
 */
export class Arrivals {
  #connections = new WeakSet<object>();
  #count = 0;
  #isOpen = false;
  #isCounting = false;

  /** Notes who comes from now on. Called while the loop is blocked, so that the first is not missed. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#connections = new WeakSet();
    this.#count = 0;
    requestStart.subscribe(this.#onRequest);
  }

  /** Forgets who came, unless they are being counted: it was no block after all. */
  close(): void {
    if (!this.#isOpen || this.#isCounting) return;
    this.#isOpen = false;
    requestStart.unsubscribe(this.#onRequest);
  }

  /** Counts those who had to wait for a block that has just ended. */
  count(onCounted: (requests: number) => void): void {
    this.open();
    this.#isCounting = true;
    const start = clockMs();
    let quiet = 0;
    let counted = -1;
    const turn = (): void => {
      quiet = this.#count === counted ? quiet + 1 : 0;
      counted = this.#count;
      if (quiet < QUIET_TURNS && clockMs() - start < LONGEST_MS) return void setImmediate(turn);
      this.#isCounting = false;
      this.close();
      onCounted(counted);
    };
    setImmediate(turn);
  }

  readonly #onRequest = (message: unknown): void => {
    const { socket } = message as { socket: object };
    if (this.#connections.has(socket)) return;
    this.#connections.add(socket);
    this.#count++;
  };
}
