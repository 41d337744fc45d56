import { setTimeout as delay } from "node:timers/promises";
import { within } from "../../app/within.ts";
import type { AttemptLanes } from "../../lanes/attempts.ts";
import { formatJobId } from "../job-id.ts";
import { Scheduler, schedulesOf } from "../schedule.ts";
import type { JobStore } from "../store.ts";
import type { RunnableTask } from "./attempt.ts";
import { type JobEvents, JobLoop } from "./loop.ts";
import type { Pulse, PulseListener } from "./pulse.ts";

/** Options for a process that works on jobs. */
export interface JobWorkerOptions {
  readonly store: JobStore;
  readonly tasks: ReadonlyMap<string, RunnableTask>;
  readonly lanes: AttemptLanes;
  readonly events: JobEvents;
  readonly pollMs: number;
  readonly cancelGraceMs: number;
  readonly openPulse: (listener: PulseListener) => Pulse;
}

/**
 * Works on jobs until it is closed: takes them, reports that they are running, and stores the occurrences of schedules.
 */
export class JobWorker {
  readonly #loop: JobLoop;
  readonly #pulse: Pulse;
  readonly #scheduler: Scheduler;
  readonly #pollMs: number;
  #poll: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;
  #closed: Promise<string[]> | undefined;

  private constructor(options: JobWorkerOptions) {
    const { store, events, pollMs } = options;
    const onError = (error: unknown): void => events.onError(error);
    this.#loop = new JobLoop(options);
    this.#pulse = options.openPulse({
      onLost: (attempts) => this.#loop.loseAll(attempts),
      onDead: (jobs) => {
        for (const job of jobs) events.onDead(job);
      },
      onAnswer: (silentMs) => events.onAnswer(silentMs),
      onError,
    });
    this.#loop.beatWith(this.#pulse);
    this.#scheduler = new Scheduler(store, (task) => void this.#loop.pull(task), onError);
    this.#pollMs = pollMs;
  }

  static async open(options: JobWorkerOptions): Promise<JobWorker> {
    const worker = new JobWorker(options);
    try {
      await worker.#start(options);
      return worker;
    } catch (error) {
      await worker.close(0);
      throw error;
    }
  }

  async #start({ store, tasks }: JobWorkerOptions): Promise<void> {
    await this.#scheduler.start(schedulesOf(tasks.values()));
    for (const { declaration } of tasks.values())
      if (declaration.schedule === undefined)
        await store.dropSchedules(declaration.name, { mark: "", since: Date.now() });
    // Not before: what is dropped must not be taken. All that was enqueued meanwhile is found by the first look.
    this.#stopListening = store.listen((notice) => this.#loop.hear(notice));
    this.#poll = setInterval(() => void this.#loop.pull(), this.#pollMs);
    void this.#loop.pull();
  }

  /** The ids of the jobs that run here. */
  get running(): string[] {
    return this.#loop.running.map(({ job }) => formatJobId(job));
  }

  /** Resolves when it runs nothing and nothing is due that it could run; or when it is closed. */
  async drained(): Promise<void> {
    while (this.#closed === undefined && !(await this.#loop.drain())) await delay(this.#pollMs);
  }

  /**
   * Takes no more jobs, waits for the running ones, and breaks off the rest: these wait again, and their attempts do
   * not count.
   *
   * @returns The jobs that were broken off.
   */
  close(graceMs: number): Promise<string[]> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<string[]> {
    this.#loop.stop();
    clearInterval(this.#poll);
    this.#scheduler.stop();
    const isIdle = await within(graceMs, this.#loop.idle());
    const left = isIdle ? [] : await this.#loop.interrupt();
    this.#stopListening?.();
    await this.#pulse.close();
    return left;
  }
}
