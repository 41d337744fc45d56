import { MessageChannel, type MessagePort, type ResourceLimits, type Worker } from "node:worker_threads";
import { readEnvironment } from "../../app/settings/environment.ts";
import { ownEntry } from "../../errors/own-code.ts";
import { checkEntry, startThread } from "../../errors/start-thread.ts";
import type { SharedMemory, ThreadData, ThreadSetup, ThreadStart } from "../crossing/messages.ts";

/** A worker that loads what every thread needs, and waits for its first message, which says what to run. */
export interface StartedWorker {
  readonly worker: Worker;
  readonly port: MessagePort;
}

const WHAT = "a thread";
const entry = ownEntry("threads/inside/entry");

/** @throws {OffloopError} `OFFLOOP_THREAD_START` when the system refuses it. */
export function startWorker(resourceLimits: ResourceLimits): StartedWorker {
  const { port1, port2 } = new MessageChannel();
  const workerData: ThreadStart = { offloop: "thread", port: port2 };
  try {
    const options = { workerData, transferList: [port2], name: "offloop", resourceLimits };
    return { worker: startThread(WHAT, entry, options), port: port1 };
  } catch (error) {
    port1.close();
    throw error;
  }
}

/** The first message to a worker. Fields of `setup` that do not cross, such as a pool's functions, are left out. */
export function threadData(setup: ThreadSetup, memory: SharedMemory): ThreadData {
  const { target, part, workIds, mayBeEnded, given, traced, inputs, rootPath, session, priority } = setup;
  const work = { target, part, workIds, mayBeEnded, given, traced, inputs, rootPath, session, priority };
  const { logLevel, ownsOutput } = setup;
  const environment = { variables: { ...process.env }, environment: readEnvironment() };
  return { ...memory, ...environment, ...work, logLevel, ownsOutput };
}

/**
 * The worker of a pool's first thread, started before there is a pool: it loads its code on a core of its own while the
 * main thread still loads the server's.
 */
export class EarlyWorker {
  #started: StartedWorker | undefined;
  readonly #forget = (): void => {
    this.#started = undefined;
  };

  /** @throws {OffloopError} `OFFLOOP_THREAD_START` in a bundle, before anything else that was inlined fails. */
  constructor(resourceLimits: ResourceLimits) {
    checkEntry(WHAT, entry);
    try {
      this.#started = startWorker(resourceLimits);
    } catch {
      return; // the pool will try again, and say why it cannot
    }
    this.#started.worker.on("error", this.#forget).on("exit", this.#forget);
  }

  /** Hands it over, once; undefined when it has ended. */
  take(): StartedWorker | undefined {
    const started = this.#started;
    this.#started = undefined;
    started?.worker.off("error", this.#forget).off("exit", this.#forget);
    return started;
  }

  /** Ends it, unless it was taken. */
  async close(): Promise<void> {
    const started = this.take();
    started?.port.close();
    await started?.worker.terminate();
  }
}
