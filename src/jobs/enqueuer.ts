import { integer } from "../app/integer.ts";
import type { EnqueuedJob, EnqueueOptions } from "../app/tasks/jobs.ts";
import type { TaskDeclaration, TaskEnqueuer, ThreadEnqueue } from "../app/tasks/task-declaration.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { formatJobId } from "./job-id.ts";
import { argumentsOf, checkArguments } from "./payload.ts";
import type { JobStore, NewJob } from "./store.ts";
import { newUuid } from "./uuid.ts";

const YEAR_MS = 365 * 86_400_000;
const MAX_PRIORITY = 1_000_000;

/** Stores jobs as tasks on the loop enqueue them. */
export class Enqueuer implements TaskEnqueuer {
  readonly #store: JobStore;
  readonly #now: () => number;
  readonly #trace: () => unknown;

  /** @param trace - Returns the context that a job's trace is linked to. */
  constructor(store: JobStore, now: () => number, trace: () => unknown) {
    this.#store = store;
    this.#now = now;
    this.#trace = trace;
  }

  async enqueue(
    task: TaskDeclaration,
    args: readonly unknown[],
    options: EnqueueOptions,
  ): Promise<EnqueuedJob> {
    return this.enqueueForThread(task, args, { options, trace: this.#trace() });
  }

  async enqueueForThread(
    task: TaskDeclaration,
    args: readonly unknown[],
    { options, trace }: ThreadEnqueue,
  ): Promise<EnqueuedJob> {
    const { name } = task;
    const { tx, key, priority } = options;
    const runAt = this.#runAt(name, options);
    if (priority !== undefined)
      integer(`priority of a job of task "${name}"`, priority, [-MAX_PRIORITY, MAX_PRIORITY], callerLocation);
    const checked = checkArguments(argumentsOf(task), args, callerLocation);
    const stored = checked instanceof Promise ? await checked : checked;
    const payload = trace === undefined ? { args: stored } : { args: stored, trace };
    const job: NewJob = { task: name, uuid: newUuid(), payload, key: keyOf(name, key), runAt, priority };
    const uuid = await this.#store.add(job, tx);
    return { id: formatJobId({ task: name, uuid }), task: name };
  }

  enqueueSync({ name }: TaskDeclaration): never {
    throw new OffloopError(
      "OFFLOOP_ENQUEUE_LANE",
      `Cannot call enqueueSync of task "${name}" on the event loop: the loop would wait for itself`,
      { at: callerLocation(), fix: "await enqueue(...), or make the calling function plain" },
    );
  }

  #runAt(task: string, { at, delayMs }: EnqueueOptions): Date | undefined {
    if (at !== undefined && !isStorableDate(at)) {
      throw new OffloopError(
        "OFFLOOP_OPTION_INVALID",
        `Cannot enqueue task "${task}": at is ${String(at)}, not a date of the years 1-9999`,
        { at: callerLocation(), fix: "pass a Date, or delayMs" },
      );
    }
    if (at !== undefined && delayMs !== undefined)
      throw new OffloopError(
        "OFFLOOP_OPTION_INVALID",
        `Cannot enqueue task "${task}": it has at and delayMs, and both say when it may run`,
        { at: callerLocation(), fix: "leave one of them out" },
      );
    if (at !== undefined || delayMs === undefined) return at;
    return new Date(
      this.#now() + integer(`delayMs of a job of task "${task}"`, delayMs, [0, YEAR_MS], callerLocation),
    );
  }
}

/** Others have no form that JavaScript writes and PostgreSQL reads. */
function isStorableDate(at: unknown): boolean {
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) return false;
  const year = at.getUTCFullYear();
  return year >= 1 && year <= 9_999;
}

/** An empty key is more likely a mistake than a key. */
function keyOf(task: string, key: unknown): string | undefined {
  if (key === undefined) return undefined;
  const isKey = typeof key === "string" && key !== "" && key.length <= 500 && !key.includes("\0");
  if (isKey && key.isWellFormed()) return key;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot enqueue task "${task}": expected a key of 1-500 characters, got ${shownValue(key)}`,
    { at: callerLocation(), fix: "pass a text that identifies the job, or leave key out" },
  );
}
