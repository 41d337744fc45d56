import type { Lane } from "../app/lane.ts";
import type { TaskDeclaration } from "../app/task.ts";
import { within } from "../app/within.ts";
import { END_MS } from "../threads/pool/thread.ts";
import type { AttemptWaiter, RunTask } from "./around.ts";

/** What an attempt knows of its job. */
export interface AttemptedJob {
  /** As `enqueue` gave it: the key for what must not happen twice. */
  readonly id: string;
  /** Counts from 1. */
  readonly attempt: number;
}

/** An attempt to be started. */
export interface AttemptStart {
  readonly job: AttemptedJob;
  readonly args: readonly unknown[];
  /** Called with its progress, 0-1. */
  readonly onProgress: (value: number) => void;
  /** The trace context in which the job was enqueued. */
  readonly trace: unknown;
}

/** An attempt under way. */
export interface StartedAttempt {
  /** What it returned; rejects with what it threw, or with why it was ended. */
  readonly result: Promise<unknown>;
  /** Aborts its `signal`. */
  abort(reason: Error): void;
  /**
   * Ends it, whatever it does, where that can be done: on a thread.
   *
   * @returns Whether nothing of it runs there any more. A thread inside a native call cannot be ended before that returns.
   */
  end(): Promise<boolean>;
}

/** Runs attempts of jobs. */
export interface AttemptLanes {
  /** How many attempts a lane may have under way at once. */
  readonly capacity: Readonly<Record<Lane, number>>;
  /** Starts an attempt on its task's lane, behind the requests. */
  start(task: TaskDeclaration, attempt: AttemptStart): StartedAttempt;
}

export function attemptLanes(capacity: AttemptLanes["capacity"], run: RunTask): AttemptLanes {
  return {
    capacity,
    start: (task, { job, args, onProgress, trace }) => {
      const waiter = new AbortableWaiter(onProgress);
      const attempt = { job, waiter, trace };
      const result = run({ task, args: [...args], class: "background", request: undefined, attempt });
      return {
        result,
        abort: (reason) => waiter.abort(reason),
        end: async () => {
          waiter.mustEnd = true;
          return task.lane === "loop" || within(END_MS, Promise.allSettled([result]));
        },
      };
    },
  };
}

/** Lets an attempt be aborted, and ended. */
class AbortableWaiter implements AttemptWaiter {
  readonly onProgress: (value: number) => void;
  readonly #controller = new AbortController();
  mustEnd = false;

  constructor(onProgress: (value: number) => void) {
    this.onProgress = onProgress;
  }

  get isGone(): boolean {
    return this.#controller.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}
