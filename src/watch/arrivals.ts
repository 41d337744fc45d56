import { channel } from "node:diagnostics_channel";
import { setImmediate } from "../errors/timers.ts";
import { clockMs } from "./shared-words.ts";

const requestStart = channel("http.server.request.start");
/** libuv accepts one connection per turn, so the last ones arrive some turns later. */
const QUIET_TURNS = 3;
const LONGEST_MS = 50;

/**
 * Requests that arrived while the loop was blocked: those read in the turns right after it, one per connection, since
 * the next one on the same connection did not wait.
 */
export class Arrivals {
  #connections = new WeakSet<object>();
  #count = 0;
  #isOpen = false;
  #isCounting = false;

  /** Records arrivals from now on. Called while the loop is blocked, so that the first is not missed. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#connections = new WeakSet();
    this.#count = 0;
    requestStart.subscribe(this.#onRequest);
  }

  /** Forgets the arrivals, unless they are being counted: it was not a block after all. */
  close(): void {
    if (!this.#isOpen || this.#isCounting) return;
    this.#isOpen = false;
    requestStart.unsubscribe(this.#onRequest);
  }

  /** Counts the requests that had to wait for a block that has just ended. */
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
