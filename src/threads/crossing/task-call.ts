import type { TaskDeclaration } from "../../app/tasks/task-declaration.ts";
import type { TaskRun } from "../../operation/run-task.ts";
import type { CallServices } from "./payloads.ts";
import { type Crossed, unpackValue } from "./values.ts";

/** A job, as the call of its task carries it. */
export interface CrossingJob {
  readonly id: string;
  readonly attempt: number;
}

/** A task's call as it crosses. */
export interface TaskPayload {
  readonly args: Crossed;
  /** The job or request it runs for; empty for none. */
  readonly id: string;
  readonly job: CrossingJob | undefined;
  /** What the request has added to its log lines. */
  readonly bindings: Crossed | undefined;
}

/** What a task runs for. */
interface TaskAbout extends Pick<TaskPayload, "id" | "job"> {
  /** What the request has added to its log lines; undefined for a task that follows none. */
  readonly bindings: object | undefined;
}

/** Fields of the log lines of a task's run. */
export function taskFields(
  { name: task }: Pick<TaskDeclaration, "name">,
  { id, job, bindings }: TaskAbout,
): object {
  if (job !== undefined) return { task, job: job.id, attempt: job.attempt };
  return id === "" ? { ...bindings, task } : { reqId: id, ...bindings, task };
}

/** The reason that a job's signal aborts with in a thread. */
const CANCELLED = "The job was cancelled, or broken off by a shutdown";

/** In a thread: a task's run, rebuilt from what crossed. */
export function receivedRun(
  task: TaskDeclaration,
  { id, job, bindings }: TaskPayload,
  args: readonly unknown[],
  services: CallServices,
): TaskRun {
  const added = bindings === undefined ? undefined : (unpackValue(bindings) as object);
  const fields = taskFields(task, { id, job, bindings: added });
  const own = services.begin(job === undefined ? { fields } : { fields, cancelReason: CANCELLED });
  return {
    args,
    id,
    job: job && { ...job, progress: (value) => own.report(value) },
    signal: () => own.signal(),
    log: () => own.log(),
  };
}
