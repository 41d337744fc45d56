import type { Lane } from "../app/lane.ts";
import type { TaskDeclaration } from "../app/task.ts";
import type { Waiter } from "../threads/pool/call.ts";
import type { PackedContext, Tracing } from "../tracing/tracing.ts";
import { runObserved } from "./background.ts";
import type { LaneCall, TaskRunner } from "./choose.ts";

/** A job, as its attempt is told of it. */
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
  /** Told how far it says it is. */
  readonly onProgress: (value: number) => void;
  /** The trace context of whoever enqueued the job. */
  readonly trace: PackedContext | undefined;
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

/** A thread that has not ended by then is inside a native call. */
const END_MS = 2_000;

/** Makes what runs attempts. */
export function attemptLanes(
  capacity: AttemptLanes["capacity"],
  runTask: TaskRunner,
  tracing: Pick<Tracing, "job"> | undefined,
): AttemptLanes {
  return {
    capacity,
    start: (task, attempt) => {
      const { job, args } = attempt;
      const waiter = new AttemptWaiter(attempt.onProgress);
      const call: LaneCall = { task, args: [...args], class: "background", id: job.id, job, waiter };
      const run = (): Promise<unknown> => runObserved(task, undefined, (record) => runTask(call, record));
      const result = tracing === undefined ? run() : tracing.job({ ...attempt, task }, run);
      return {
        result,
        abort: (reason) => waiter.abort(reason),
        end: async () => {
          waiter.mustEnd = true;
          return task.lane === "loop" || isOver(result);
        },
      };
    },
  };
}

/** Whoever waits for an attempt: has it aborted, and ended. */
export class AttemptWaiter implements Waiter {
  readonly onProgress: (value: number) => void;
  readonly #controller = new AbortController();
  mustEnd = false;

  constructor(onProgress: (value: number) => void) {
    this.onProgress = onProgress;
  }

  get isGone(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Of an attempt on the loop; a thread has a signal of its own. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}

async function isOver(result: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, END_MS, false);
  });
  const over = result.then(
    () => true,
    () => true,
  );
  const ended = await Promise.race([over, late]);
  clearTimeout(timer);
  return ended;
}
