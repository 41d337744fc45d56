import type { ClientAddress } from "../app/context.ts";
import type { Log } from "../app/log.ts";
import type { RunningJob, TaskContext } from "../app/tasks/task.ts";
import type { TaskDeclaration } from "../app/tasks/task-declaration.ts";
import { callerLocation } from "../errors/location.ts";
import { formatLocation, OffloopError } from "../errors/offloop-error.ts";
import { nothingParsed } from "./body.ts";
import type { CompiledOperation } from "./compile.ts";
import { Exchange, type Place } from "./context.ts";
import { emptyReply, type RawReply, type RawRequest } from "./raw.ts";
import { RequestDependencies } from "./request-dependencies.ts";
import type { Deadline } from "./run.ts";
import type { Runtime } from "./runtime.ts";

/** A task that declares deps, with its dependencies. */
export interface CompiledTask extends Pick<CompiledOperation, "dependencies" | "plan"> {
  readonly id: string;
  readonly declaration: TaskDeclaration;
}

/** One run of a task, with what it may ask for. */
export interface TaskRun {
  readonly args: readonly unknown[];
  /** The job or request it runs for, as the log knows it; empty for none. */
  readonly id: string;
  readonly job: RunningJob | undefined;
  /** On the loop, where nothing ends what runs. */
  readonly deadline?: Deadline | undefined;
  signal(): AbortSignal;
  log(): Log;
}

/** Runs a task in place: calls its dependencies, then the task, and closes what was opened. Throws what went wrong. */
export async function runTask(task: CompiledTask, run: TaskRun, runtime: Runtime): Promise<unknown> {
  const { id, declaration, plan } = task;
  const operation = { ...task, declaration: { id, location: declaration.location } };
  const request = new TaskRequest(run);
  const context = new TaskExchange(declaration, request, runtime);
  const dependencies = new RequestDependencies({ operation, request, runtime, context });
  let result: unknown;
  let closed: RawReply;
  try {
    await dependencies.create(nothingParsed);
    const own: TaskContext = {
      job: run.job && withinRange(run.job, () => run.log()),
      signal: run.signal(),
      log: run.log(),
    };
    result = await declaration.fn(dependencies.setValues(own, plan), ...run.args);
    if (run.deadline?.passed !== undefined) throw run.deadline.passed;
    closed = await dependencies.closeAfterReply(emptyReply);
  } catch (thrown) {
    throw (await dependencies.closeAfterError(thrown)).error;
  }
  await closed.finish?.(undefined);
  return result;
}

/** Keeps progress within 0-1: it is only shown, so a wrong estimate must not fail the work. */
function withinRange(job: RunningJob, log: () => Log): RunningJob {
  let isTold = false;
  const tell = (value: unknown): void => {
    if (isTold) return;
    isTold = true;
    const at = formatLocation(callerLocation());
    log().warn(
      `job.progress() expected a number of 0-1, got ${String(value)}, at ${at}: less counts as 0, more as 1. Divide what is done by what there is to do`,
    );
  };
  return {
    ...job,
    progress: (value) => {
      const shown = Math.min(Math.max(value, 0), 1);
      if (!(Math.abs(value - shown) <= ROUNDING)) tell(value);
      if (!Number.isNaN(shown)) job.progress(shown);
    },
  };
}

/** How far sums of fractions may end up beyond 0 or 1. */
const ROUNDING = 0.01;

/** Takes the place of a request where there is none: a run has an id for the log, a log and a signal. */
class TaskRequest implements RawRequest {
  readonly id: string;
  readonly method = "";
  readonly url = "";
  readonly rootPath = "";
  readonly via = "";
  readonly query: RawRequest["query"] = {};
  readonly params: undefined = undefined;
  readonly headers: readonly string[] = [];
  readonly body: undefined = undefined;
  readonly parts: undefined = undefined;
  readonly client: ClientAddress = { host: "", port: 0 };
  readonly #run: Pick<TaskRun, "signal" | "log">;

  constructor(run: Pick<TaskRun, "id" | "signal" | "log">) {
    this.id = run.id;
    this.#run = run;
  }

  get signal(): AbortSignal {
    return this.#run.signal();
  }

  get log(): Log {
    return this.#run.log();
  }
}

/** What a task's dependencies receive: reading the request throws, since there is none. */
export class TaskExchange extends Exchange {
  readonly #task: Pick<TaskDeclaration, "name" | "location">;

  constructor(task: Pick<TaskDeclaration, "name" | "location">, request: RawRequest, place: Place) {
    super(`task ${task.name}`, request, place);
    this.#task = task;
  }

  override get request(): never {
    throw this.#withoutRequest("request");
  }

  override get response(): never {
    throw this.#withoutRequest("response");
  }

  override get addedTasks(): undefined {
    return undefined;
  }

  override get session(): never {
    throw this.#withoutRequest("session");
  }

  override get background(): never {
    throw this.#withoutRequest("background");
  }

  #withoutRequest(name: string): OffloopError {
    return new OffloopError(
      "OFFLOOP_DEPENDENCY_INVALID",
      `Cannot read ${name} in a dependency of task "${this.#task.name}": a task has no request`,
      { at: this.#task.location, fix: "pass the values that the task needs as arguments" },
    );
  }
}
