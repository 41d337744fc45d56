import type { Lane } from "../app/lane.ts";
import type { TaskDeclaration } from "../app/task.ts";

/** What a running task is told of its job. */
export interface RunningJob {
  /** As `enqueue` gave it: the key for what must not happen twice. */
  readonly id: string;
  /** Counts from 1. */
  readonly attempt: number;
}

/** An attempt to be started. */
export interface AttemptStart {
  readonly job: RunningJob;
  readonly args: readonly unknown[];
  /** Told how far it says it is. */
  readonly onProgress: (value: number) => void;
  /** The trace context of whoever enqueued the job. */
  readonly trace: Readonly<Record<string, string>> | undefined;
}

/** An attempt under way. */
export interface StartedAttempt {
  /** What it returned; rejects with what it threw, or with why it was ended. */
  readonly result: Promise<unknown>;
  /** Aborts its `signal`. */
  abort(reason: Error): void;
  /** Ends it, whatever it does, where that can be done: on a thread. Resolves when nothing of it runs there any more. */
  end(): Promise<void>;
}

/** What jobs need of the lanes. */
export interface JobLanes {
  /** How many attempts a lane may have under way at once. */
  readonly capacity: Readonly<Record<Lane, number>>;
  /** Starts an attempt on its task's lane, behind the requests. */
  start(task: TaskDeclaration, attempt: AttemptStart): StartedAttempt;
}
