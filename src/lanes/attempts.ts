import type { Lane } from "../app/lane.ts";
import type { TaskDeclaration } from "../app/tasks/task-declaration.ts";
import { within } from "../app/within.ts";
import { END_MS } from "../threads/pool/exit.ts";
import type { AttemptWaiter, RunTask } from "./around.ts";

/** What an attempt knows about its job. */
export interface AttemptedJob {
  /** The id that `enqueue` returned: the key for whatever must not happen twice. */
  readonly id: string;
  /** Counted from 1. */
  readonly attempt: number;
}

/** An attempt to start. */
export interface AttemptStart {
  readonly job: AttemptedJob;
  readonly args: readonly unknown[];
  /** Called with the attempt's progress, 0-1. */
  readonly onProgress: (value: number) => void;
  /** The trace context in which the job was enqueued. */
  readonly trace: unknown;
}

/** A running attempt. */
export interface StartedAttempt {
  /** What it returned; rejects with what it threw, or with the reason why it was ended. */
  readonly result: Promise<unknown>;
  /** What it has added to its log lines so far. */
  readonly bindings: object | undefined;
  /** Aborts its `signal`. */
  abort(reason: Error): void;
  /**
   * Ends it, whatever it is doing, where that is possible: on a thread.
   *
   * @returns Whether none of it runs there any more. A thread inside a native call cannot be ended before the call
   * returns.
   */
  end(): Promise<boolean>;
}

/** Runs attempts of jobs. */
export interface AttemptLanes {
  /** How many attempts a lane may run at once. */
  readonly capacity: Readonly<Record<Lane, number>>;
  /** Starts an attempt on its task's lane, after the requests. */
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
        get bindings() {
          return waiter.bindings;
        },
        abort: (reason) => waiter.abort(reason),
        end: async () => {
          waiter.mustEnd = true;
          return task.lane === "loop" || within(END_MS, Promise.allSettled([result]));
        },
      };
    },
  };
}

/** Lets an attempt be aborted and ended. */
class AbortableWaiter implements AttemptWaiter {
  readonly onProgress: (value: number) => void;
  readonly #controller = new AbortController();
  mustEnd = false;
  bindings: object | undefined;

  constructor(onProgress: (value: number) => void) {
    this.onProgress = onProgress;
  }

  get isGone(): boolean {
    return this.#controller.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  setBindings(fields: object): void {
    this.bindings = { ...this.bindings, ...fields };
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}
