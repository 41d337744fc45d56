import type { TaskDeclaration } from "../../app/tasks/task-declaration.ts";
import type { TaskRun } from "../../operation/run-task.ts";
import type { CallServices } from "./payloads.ts";
import type { Crossed } from "./values.ts";

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
}

/** Fields of the log lines of a task's run. */
export function taskFields(
  { name }: Pick<TaskDeclaration, "name">,
  { id, job }: Omit<TaskPayload, "args">,
): object {
  if (job !== undefined) return { task: name, job: job.id, attempt: job.attempt };
  return id === "" ? { task: name } : { task: name, reqId: id };
}

/** The reason that a job's signal aborts with in a thread. */
const CANCELLED = "The job was cancelled, or broken off by a shutdown";

/** In a thread: a task's run, rebuilt from what crossed. */
export function receivedRun(
  task: TaskDeclaration,
  { id, job }: TaskPayload,
  args: readonly unknown[],
  services: CallServices,
): TaskRun {
  const fields = taskFields(task, { id, job });
  const own = services.begin(job === undefined ? { fields } : { fields, cancelReason: CANCELLED });
  return {
    args,
    id,
    job: job && { ...job, progress: (value) => own.report(value) },
    signal: () => own.signal(),
    log: () => own.log(),
  };
}
