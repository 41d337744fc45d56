import type { Worker } from "node:worker_threads";
import { ownEntry } from "../../errors/own-code.ts";
import { startThread } from "../../errors/start-thread.ts";
import type { Engine } from "../postgres/engine.ts";
import type { Claim, DeadJob, LostAttempt } from "../store.ts";
import type { PulseMessage, PulseRequest, PulseThreadData } from "./pulse-thread.ts";

/** Reports that attempts are still running, so that nobody else runs their jobs. */
export interface Pulse {
  add(claim: Claim): void;
  remove(claim: Claim): void;
  close(): Promise<void>;
}

/** Called for attempts that must not go on, for jobs that are dead since their process is, and for failures. */
export interface PulseListener {
  onLost(attempts: readonly LostAttempt[]): void;
  onDead(jobs: readonly DeadJob[]): void;
  /** The database answers again, after so long. */
  onAnswer(silentMs: number): void;
  onError(error: unknown): void;
}

/** For tests, where nobody else could run the jobs and nothing has to be tidied up. */
const noPulse: Pulse = { add: () => {}, remove: () => {}, close: async () => {} };

const UPKEEP_MS = 60_000;
const CLOSE_MS = 2_000;
/** How long after the thread has ended another is started: one that cannot start must not be tried all the time. */
const RESTART_MS = 1_000;

/**
 * Embedded jobs have one owner: only expired jobs have to be removed. What its last process left was found when the
 * folder was opened.
 */
export function upkeep(
  engine: Pick<Engine, "supervise" | "endLost" | "sweep">,
  { onDead, onError }: PulseListener,
): Pulse {
  const look = async (): Promise<void> => onDead(await engine.endLost());
  const tidy = async (): Promise<void> => {
    await engine.supervise();
    await look();
    await engine.sweep();
  };
  let working = look().catch(onError);
  let isTidying = false;
  const timer = setInterval(() => {
    if (isTidying) return;
    isTidying = true;
    working = working
      .then(tidy)
      .catch(onError)
      .finally(() => {
        isTidying = false;
      });
  }, UPKEEP_MS).unref();
  return {
    ...noPulse,
    close: async () => {
      clearInterval(timer);
      await working;
    },
  };
}

/** Runs on a thread with a connection of its own, so that a handler that blocks the loop makes no job seem dead. */
export class ThreadPulse implements Pulse {
  readonly #data: PulseThreadData;
  readonly #listener: PulseListener;
  /** What the thread reports: should it end, nobody does. */
  readonly #claims = new Map<string, Claim>();
  #thread: Worker | undefined;
  #exited: Promise<void> | undefined;
  #restart: NodeJS.Timeout | undefined;
  #closing = false;

  /** @throws {OffloopError} `OFFLOOP_THREAD_START` when the system refuses the thread. */
  constructor(data: PulseThreadData, listener: PulseListener) {
    this.#data = data;
    this.#listener = listener;
    this.#start();
  }

  #start(): void {
    const url = ownEntry("jobs/worker/pulse-thread");
    const options = { workerData: this.#data, name: "offloop jobs pulse" };
    const thread = startThread("the thread that says which jobs still run", url, options);
    thread.on("message", (message: PulseMessage) => {
      if ("lost" in message) this.#listener.onLost(message.lost);
      else if ("dead" in message) this.#listener.onDead(message.dead);
      else if ("answersAfterMs" in message) this.#listener.onAnswer(message.answersAfterMs);
      else this.#listener.onError(new Error(message.failed));
    });
    thread.on("error", (error) => this.#listener.onError(error));
    this.#exited = new Promise((resolve) => {
      thread.once("exit", (code) => {
        resolve();
        if (!this.#closing)
          this.#onEnd(new Error(`the thread that reports running jobs ended with code ${code}`));
      });
    });
    thread.unref();
    this.#thread = thread;
    for (const claim of this.#claims.values()) this.#tell({ add: claim });
  }

  /** Nothing reports these attempts any more, so their jobs may be given to others. Those that follow are reported. */
  #onEnd(error: unknown): void {
    this.#listener.onError(error);
    const lost = [...this.#claims.values()].map((claim): LostAttempt => ({ claim, why: "lost" }));
    this.#claims.clear();
    if (lost.length > 0) this.#listener.onLost(lost);
    this.#restart = setTimeout(() => {
      try {
        this.#start();
      } catch (refused) {
        this.#onEnd(refused); // the system has no room for another thread
      }
    }, RESTART_MS).unref();
  }

  add({ task, uuid, takes, retryLimit }: Claim): void {
    const claim = { task, uuid, takes, retryLimit };
    this.#claims.set(uuid, claim);
    this.#tell({ add: claim });
  }

  remove({ uuid, takes }: Claim): void {
    // The job may have been taken again while the function of this attempt continued.
    if (this.#claims.get(uuid)?.takes !== takes) return;
    this.#claims.delete(uuid);
    this.#tell({ remove: uuid });
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    this.#tell({ close: true });
    const timer = setTimeout(() => void this.#thread?.terminate(), CLOSE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #tell(request: PulseRequest): void {
    this.#thread?.postMessage(request);
  }
}
