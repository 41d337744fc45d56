import type { MessagePort, Transferable } from "node:worker_threads";
import { RELAY_AFTER_MS, type Relayed, type ThreadMessage } from "../crossing/messages.ts";

/** The way from a thread to the event loop. */
export interface Outlet {
  /** @throws {DOMException} `DataCloneError` when the message holds something that cannot cross. */
  postMessage(message: ThreadMessage, transfer?: readonly Transferable[]): void;
}

/**
 * Sends straight to the event loop, or by the relay once a call has run for long: `pool/relay.ts` says why. What one
 * call sends stays in order, since a call never becomes short again.
 */
export class RelayedOutlet implements Outlet {
  readonly #port: MessagePort;
  #relay: MessagePort | undefined;
  #startedAt: number | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** From now on, what long calls send goes this way. */
  relayBy(relay: MessagePort): void {
    this.#relay = relay;
  }

  /** A call starts, at this moment of `performance.now()`. */
  onStart(startedAt: number): void {
    this.#startedAt = startedAt;
  }

  postMessage(message: ThreadMessage, transfer: readonly Transferable[] = []): void {
    if (this.#relay === undefined || !this.#isLong) this.#port.postMessage(message, transfer);
    else this.#relay.postMessage({ message, transfer } satisfies Relayed, transfer);
  }

  /** Whether the last call that started has run for long. What is sent after its end counts as its own. */
  get #isLong(): boolean {
    return this.#startedAt !== undefined && performance.now() - this.#startedAt >= RELAY_AFTER_MS;
  }
}
