import { once } from "node:events";
import { MessageChannel, MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import type { ThreadPriority } from "../../app/settings/thread-settings.ts";
import { ownEntry } from "../../errors/own-code.ts";
import { startThread } from "../../errors/start-thread.ts";
import { createRelayCount, endRelayed, nextRelayed, type RelayCount } from "../crossing/board.ts";
import type { RelayEnds, Relayed, RelayWay, ThreadMessage } from "../crossing/messages.ts";

/** The ends of a thread's way to the event loop, by the relay. */
export interface RelayLink {
  /** Where the thread sends. */
  readonly thread: RelayWay;
  /** Where it arrives. Closed after the thread or the relay has ended and what was passed on has arrived. */
  readonly loop: MessagePort;
}

/** Learns what becomes of a relay. */
export interface RelayListener {
  onReady(): void;
  /** @param cause - The error that ended it, if there was one. */
  onEnd(cause: unknown): void;
}

/**
 * A thread of the loop's own priority that passes on what threads of a lower one send. It keeps the loop out of a
 * priority inversion.
 *
 * Node wakes the receiver of a message while the sender still holds the lock of the receiver's queue
 * (`MessagePortData::AddToIncomingQueue`). Where all cores are full, the kernel lets the loop go first the moment it
 * wakes, and may take the core from that very sender. The loop needs the lock next, so it waits until the sender has its
 * turn again, which other computing threads may have before it. Here it is the relay that waits: what long calls send
 * enters the loop's queue from the relay, which is not set aside for the computing threads.
 *
 * It costs some 40-90 microseconds a call, on full cores about a hundredth of what the shortest long one computes.
 */
export class Relay {
  readonly #worker: Worker;
  #isReady = false;

  /**
   * @param listener - Learns when it can open links, and when it has ended, which closes them.
   * @throws {OffloopError} `OFFLOOP_THREAD_START` when the system refuses it.
   */
  constructor({ onReady, onEnd }: RelayListener) {
    this.#worker = startThread("the relay of the threads", ownEntry("threads/crossing/relay-thread"), {
      name: "offloop relay",
      execArgv: [],
      env: {},
      // A message is garbage once it is passed on; by default, the space for such grows to tens of megabytes.
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

  /** Whether it runs. The system may still refuse it what a thread needs, and links by it would end with it. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** A link for one more thread. Only when it is ready. */
  openLink(): RelayLink {
    const inward = new MessageChannel();
    const outward = new MessageChannel();
    const ends: RelayEnds = { from: inward.port2, to: outward.port1 };
    this.#worker.postMessage(ends, [ends.from, ends.to]);
    return { thread: { port: inward.port1, sent: createRelayCount() }, loop: outward.port2 };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** A thread that has loaded the app, as the relay of its pool sees it. */
export interface RelayedThread {
  readonly isEnding: boolean;
  /** Has it send by this link what long calls have to say. */
  relayBy(link: RelayLink): void;
  /** @param cause - The error that ended the relay, if there was one. */
  onRelayEnd(cause: unknown): Promise<void>;
}

/** The relay of a pool: there from its first long call on, and started again by the next one after it has ended. */
export class PoolRelay {
  readonly #threads: () => Iterable<RelayedThread>;
  /** Whether threads yield to the loop, which is what a relay is for, and the system has let it start so far. */
  #mayStart: boolean;
  #relay: Relay | undefined;

  /**
   * @param priority - That of the threads.
   * @param threads - Gives those that have loaded the app.
   */
  constructor(priority: ThreadPriority, threads: () => Iterable<RelayedThread>) {
    this.#threads = threads;
    this.#mayStart = priority !== 0 && process.platform === "linux";
  }

  /** Starts it and links all threads to it, unless it is there, or threads have the priority of the loop. */
  start(): void {
    if (!this.#mayStart || this.#relay !== undefined) return;
    try {
      const relay: Relay = new Relay({
        onReady: () => {
          for (const thread of this.#threads()) if (!thread.isEnding) thread.relayBy(relay.openLink());
        },
        onEnd: (cause) => {
          this.#relay = undefined;
          this.#mayStart = relay.isReady;
          for (const thread of this.#threads()) void thread.onRelayEnd(cause);
        },
      });
      this.#relay = relay;
    } catch {
      this.#mayStart = false;
    }
  }

  /** Links a thread that has loaded the app, if it is there. */
  link(thread: RelayedThread): void {
    if (this.#relay?.isReady === true) thread.relayBy(this.#relay.openLink());
  }

  async close(): Promise<void> {
    await this.#relay?.close();
  }
}

/** What one thread sends by the relay. */
export class RelayedMessages {
  readonly #port: MessagePort;
  readonly #sent: RelayCount;
  readonly #isOver: Promise<unknown>;
  #arrived = 0;

  /**
   * @param link - The thread's.
   * @param onUnreadable - Called with the reason why a message cannot be read.
   */
  constructor(
    { thread, loop }: RelayLink,
    receive: (message: ThreadMessage) => void,
    onUnreadable: (cause: unknown) => void,
  ) {
    this.#port = loop;
    this.#sent = thread.sent;
    this.#isOver = once(loop, "close");
    loop
      .on("message", (message: Relayed["message"]) => {
        this.#arrived = nextRelayed(this.#arrived);
        const content = opened(message);
        if ("message" in content) receive(content.message);
        else onUnreadable(content.cause);
      })
      .on("messageerror", onUnreadable)
      .unref();
  }

  /** The thread or the relay has ended. Resolves when everything that was passed on has arrived. */
  async all(): Promise<void> {
    this.#port.ref();
    await this.#isOver;
  }

  /** The relay has ended: the thread sends nothing more by it. Resolves with whether everything it has sent has arrived. */
  async end(): Promise<boolean> {
    const sent = endRelayed(this.#sent);
    await this.all();
    return this.#arrived === sent;
  }
}

/** The message itself, out of the port in whose queue it has come; or why it cannot be read. */
function opened(
  message: Relayed["message"],
): { readonly message: ThreadMessage } | { readonly cause: unknown } {
  if (!(message instanceof MessagePort)) return { message };
  try {
    return receiveMessageOnPort(message) as { readonly message: ThreadMessage };
  } catch (cause) {
    return { cause };
  } finally {
    message.close(); // and with it, the thread's end
  }
}
