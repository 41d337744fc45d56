import { MessageChannel, type MessagePort, type Transferable } from "node:worker_threads";
import { RELAY_AFTER_MS, type Relayed, type ResultBatch, type ThreadMessage } from "../crossing/messages.ts";

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
    if (this.#relay === undefined || !this.#isLong) {
      this.#port.postMessage(message, transfer);
    } else {
      const relayed: Relayed = Array.isArray(message) ? sealed(message, transfer) : { message, transfer };
      this.#relay.postMessage(relayed, relayed.transfer);
    }
  }

  /** Whether the last call that started has run for long. What is sent after its end counts as its own. */
  get #isLong(): boolean {
    return this.#startedAt !== undefined && performance.now() - this.#startedAt >= RELAY_AFTER_MS;
  }
}

/**
 * Results in the queue of a port that is sent in their place: a result may be large, and the relay, which serves all
 * threads, then passes on a port instead of copying it twice.
 */
function sealed(results: ResultBatch, transfer: readonly Transferable[]): Relayed {
  const { port1: sender, port2: message } = new MessageChannel();
  try {
    sender.postMessage(results, transfer);
  } catch (error) {
    sender.close();
    throw error;
  }
  return { message, transfer: [message] };
}
