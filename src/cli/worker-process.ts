import cluster, { type Worker } from "node:cluster";
import { SUPERVISED } from "../app/settings/supervision.ts";
import type { HealthStatus } from "../http/health/health-state.ts";
import type { PrimaryMessage, WorkerMessage } from "../http/lifecycle/supervised.ts";
import { SHARED_INSPECTOR } from "../inspector/all-workers.ts";
import { SHARED } from "../metrics/worker-metrics.ts";
import { refusalOf } from "./refused-worker.ts";

/** The state of a worker: `leaving` when another has taken its place, or when all end. */
export type WorkerState = "starting" | "ready" | "leaving";

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number;
  /** The signal that ended it; undefined when it exited. */
  readonly signal: string | undefined;
  /** The name of the error with which the system refused to start it; undefined when there was a process. */
  readonly refusal: string | undefined;
}

/** One worker, as its primary sees it. */
export class WorkerProcess {
  readonly worker: Worker;
  /** Resolves with true when it listens, with false when it has ended before. */
  readonly started: Promise<boolean>;
  /** Resolves when it has ended. */
  readonly ended: Promise<WorkerEnd>;
  #startedAt = performance.now();
  #answeredAt = performance.now();
  #state: WorkerState = "starting";
  #hasListened = false;
  #health: HealthStatus = "ready";

  /** @param count - How many workers there are. */
  constructor(count: number) {
    this.worker = cluster.fork({
      [SHARED]: "1",
      [SUPERVISED]: String(count),
      [SHARED_INSPECTOR]: String(performance.timeOrigin),
    });
    const { promise: started, resolve: onStarted } = Promise.withResolvers<boolean>();
    const { promise: ended, resolve: onEnded } = Promise.withResolvers<WorkerEnd>();
    this.started = started;
    this.ended = ended;
    // Sending to a worker that is just dying fails, like node:cluster's own messages: its end is reported separately.
    this.worker.on("error", () => {});
    this.worker.on("message", (message: WorkerMessage | undefined) => {
      if (message?.offloopHealth !== undefined) this.#hear(message.offloopHealth);
    });
    this.worker.once("listening", () => {
      this.#answeredAt = performance.now();
      this.#hasListened = true;
      if (this.#state === "starting") this.#state = "ready";
      onStarted(true);
    });
    // Not "exit": its last messages arrive before "close", and node:cluster has released its listeners by then.
    this.worker.process.once("close", (code: number | null, signal: string | null) => {
      onStarted(false);
      const refusal = refusalOf(code);
      onEnded({ code: refusal === undefined ? (code ?? 1) : 1, signal: signal ?? undefined, refusal });
    });
  }

  get pid(): number | undefined {
    return this.worker.process.pid;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Whether it has ever answered requests. */
  get hasListened(): boolean {
    return this.#hasListened;
  }

  /** The last state it reported. */
  get health(): HealthStatus {
    return this.#health;
  }

  get livedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** How long it has not answered, in milliseconds. */
  get silentMs(): number {
    return performance.now() - this.#answeredAt;
  }

  /** Leaves out a time in which it could not answer, since the primary did not run either. */
  forgive(ms: number): void {
    this.#startedAt += ms;
    this.#answeredAt += ms;
  }

  /** Asks for its state. */
  ping(): void {
    this.#tell("ping");
  }

  /** Lets it finish its work and end: another has taken its place, and new connections go there. */
  leave(): void {
    this.#state = "leaving";
    this.#tell("leave");
  }

  /** Makes it shut down, as all do. */
  shutDown(): void {
    // A worker that has not reported yet that it listens may not receive messages.
    if (this.#state === "starting") this.worker.process.kill("SIGTERM");
    else this.#tell("end");
    this.#state = "leaving";
  }

  /** Ends it immediately. */
  kill(): void {
    this.worker.process.kill("SIGKILL");
  }

  #hear(health: HealthStatus): void {
    this.#health = health;
    this.#answeredAt = performance.now();
  }

  #tell(offloopPrimary: PrimaryMessage["offloopPrimary"]): void {
    if (this.worker.isConnected()) this.worker.send({ offloopPrimary } satisfies PrimaryMessage, () => {});
  }
}
