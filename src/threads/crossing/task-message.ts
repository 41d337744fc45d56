import type { DependencyDeclaration } from "../../app/dependency.ts";
import type { AnyFunction } from "../../app/lane.ts";
import type { TaskDeclaration } from "../../app/task.ts";
import type { PlannedTask, TaskRun } from "../../operation/run-task.ts";
import { OwnTaskContext } from "../../operation/run-task.ts";
import type { CallServices } from "./request-message.ts";
import { packThrown, type TaskOutcome } from "./thrown.ts";

/** A job, as the call of its task carries it. */
export interface CrossingJob {
  readonly id: string;
  readonly attempt: number;
}

/** A task's call as it crosses, where the task declares deps; otherwise its arguments cross alone. */
export interface TaskPayload {
  readonly args: readonly unknown[];
  /** The job or request that it runs for; empty for none. */
  readonly id: string;
  readonly job: CrossingJob | undefined;
}

/** What lines of the log carry of a task's run. */
export function taskFields({ name }: TaskDeclaration, { id, job }: Omit<TaskPayload, "args">): object {
  if (job !== undefined) return { task: name, job: job.id, attempt: job.attempt };
  return id === "" ? { task: name } : { task: name, reqId: id };
}

/** What a job's signal aborts with in a thread. */
const CANCELLED = "The job was cancelled, or broken off by a shutdown";

/** In a thread: a task's run, by what crossed. */
export function receivedRun(
  { declaration }: PlannedTask,
  payload: TaskPayload,
  services: CallServices,
): TaskRun {
  const { args, id, job } = payload;
  const fields = taskFields(declaration, payload);
  const own = services.begin(job === undefined ? { fields } : { fields, cancelReason: CANCELLED });
  return {
    args,
    id,
    job: job && { ...job, progress: (value) => own.report(value) },
    signal: () => own.signal(),
    log: () => own.log(),
  };
}

/** A dependency of a task on the loop, as it crosses. */
export interface TaskDependencyPayload {
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** In a thread: makes a dependency of a task that runs on the loop. */
export async function runTaskDependency(
  task: TaskDeclaration,
  { fn }: DependencyDeclaration,
  { id, values }: TaskDependencyPayload,
  services: CallServices,
): Promise<TaskOutcome> {
  const own = services.begin({ fields: taskFields(task, { id, job: undefined }) });
  const context = new OwnTaskContext(task, {
    job: undefined,
    signal: () => own.signal(),
    log: () => own.log(),
  });
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(context, name, { value, enumerable: true });
  try {
    return [true, await (fn as AnyFunction)(context)];
  } catch (thrown) {
    return [false, packThrown(thrown)];
  }
}
