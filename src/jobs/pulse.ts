import type { Worker } from "node:worker_threads";
import { startThread } from "../errors/start-thread.ts";
import type { Engine } from "./engine.ts";
import type { PulseMessage, PulseRequest, PulseThreadData } from "./pulse-thread.ts";
import type { Claim } from "./store.ts";

/** Reports that attempts are still running, so that nobody else runs their jobs. */
export interface Pulse {
  add(claim: Claim): void;
  remove(claim: Claim): void;
  close(): Promise<void>;
}

/** Called for attempts that no longer belong to this process, and for failures. */
export interface PulseListener {
  onLost(claims: readonly Claim[]): void;
  onError(error: unknown): void;
}

/** For tests, where nobody else could run the jobs and nothing has to be tidied up. */
const noPulse: Pulse = { add: () => {}, remove: () => {}, close: async () => {} };

const UPKEEP_MS = 60_000;
const CLOSE_MS = 2_000;

/** Embedded jobs have one owner: only expired jobs have to be removed. */
export function upkeep(engine: Pick<Engine, "supervise" | "sweep">, { onError }: PulseListener): Pulse {
  const tidy = async (): Promise<void> => {
    try {
      await engine.supervise();
      await engine.sweep();
    } catch (error) {
      onError(error);
    }
  };
  const timer = setInterval(() => void tidy(), UPKEEP_MS).unref();
  return { ...noPulse, close: async () => clearInterval(timer) };
}

/** Runs on a thread with a connection of its own, so that a handler that blocks the loop makes no job seem dead. */
export class ThreadPulse implements Pulse {
  readonly #thread: Worker;

  /** @throws {OffloopError} `OFFLOOP_THREAD_START` when the system refuses the thread. */
  constructor(data: PulseThreadData, listener: PulseListener) {
    const url = new URL(`./pulse-thread${import.meta.url.slice(-3)}`, import.meta.url);
    const options = { workerData: data, name: "offloop jobs pulse" };
    this.#thread = startThread("the thread that says which jobs still run", url, options);
    this.#thread.on("message", (message: PulseMessage) => {
      if ("lost" in message) listener.onLost(message.lost);
      else listener.onError(new Error(message.failed));
    });
    this.#thread.on("error", (error) => listener.onError(error));
    this.#thread.unref();
  }

  add(claim: Claim): void {
    const { task, uuid, takes, retryLimit } = claim;
    this.#tell({ add: { task, uuid, takes, retryLimit } });
  }

  remove({ uuid }: Claim): void {
    this.#tell({ remove: uuid });
  }

  async close(): Promise<void> {
    const exited = new Promise((resolve) => this.#thread.once("exit", resolve));
    this.#tell({ close: true });
    const timer = setTimeout(() => void this.#thread.terminate(), CLOSE_MS);
    await exited;
    clearTimeout(timer);
  }

  #tell(request: PulseRequest): void {
    this.#thread.postMessage(request);
  }
}
