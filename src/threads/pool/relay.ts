import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { ownEntry } from "../../errors/own-code.ts";
import { startThread } from "../../errors/start-thread.ts";
import type { RelayRoute } from "../crossing/messages.ts";

/** A way from a thread to the event loop. */
export interface Route {
  /** Where the thread sends. */
  readonly thread: MessagePort;
  /** Where it arrives. Closed after the thread has ended and everything has arrived, or when the relay has failed. */
  readonly loop: MessagePort;
}

/** Learns what becomes of a relay. */
export interface RelayListener {
  onReady(): void;
  /** @param cause - The error that ended it, if there was one. */
  onEnd(cause: unknown): void;
}

/**
 * A thread of the loop's own priority that passes on what threads of a lower one send.
 *
 * Node wakes the receiver of a message while the sender still holds the lock of the queue. On a machine whose cores are
 * full, the kernel lets the loop go first the moment it wakes, and so takes the core from a computing thread that holds
 * the lock the loop needs next: the loop then waits for several time slices of other computing threads. Here the relay
 * waits instead. It costs about 20 microseconds a message, which is little for a call that has run for long.
 */
export class Relay {
  readonly #worker: Worker;
  #isReady = false;

  /**
   * @param listener - Learns when it can open routes, and when it has ended, which closes them.
   * @throws {OffloopError} `OFFLOOP_THREAD_START` when the system refuses it.
   */
  constructor({ onReady, onEnd }: RelayListener) {
    this.#worker = startThread("the relay of the threads", ownEntry("threads/crossing/relay-thread"), {
      name: "offloop relay",
      execArgv: [],
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    let cause: unknown;
    this.#worker
      .once("message", () => {
        this.#isReady = true;
        onReady();
      })
      .on("error", (error) => {
        cause = error;
      })
      .on("exit", () => onEnd(cause))
      .unref();
  }

  /** Whether it runs. The system may still refuse it what a thread needs, and routes by it would end with it. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Only when it is ready. */
  open(): Route {
    const inward = new MessageChannel();
    const outward = new MessageChannel();
    const route: RelayRoute = { from: inward.port2, to: outward.port1 };
    this.#worker.postMessage(route, [route.from, route.to]);
    return { thread: inward.port1, loop: outward.port2 };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
