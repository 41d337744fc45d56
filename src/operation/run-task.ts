import type { Log } from "../app/context.ts";
import type { RunningJob, TaskContext, TaskDeclaration } from "../app/task.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { DependencyPlan, PlannedDependency } from "./dependency-plan.ts";
import { OpenDependencies } from "./open-dependencies.ts";
import type { Place } from "./place.ts";

/** A task, and what it needs in order; no plan where it declares no deps. */
export interface PlannedTask {
  readonly declaration: TaskDeclaration;
  readonly plan: DependencyPlan | undefined;
}

/** One run of a task, with what it may ask for. */
export interface TaskRun {
  readonly args: readonly unknown[];
  /** The job or request that it runs for, as makers of spans and logs know it. */
  readonly id: string;
  readonly job: RunningJob | undefined;
  signal(): AbortSignal;
  log(): Log;
}

/** Runs a task where it stands: makes what it needs, calls it, and closes what was opened. Throws what went wrong. */
export async function runTask(
  { declaration, plan }: PlannedTask,
  run: TaskRun,
  place: Place,
): Promise<unknown> {
  if (plan === undefined) return declaration.fn(...run.args);
  const open = new OpenDependencies();
  let result: unknown;
  try {
    const made: unknown[] = [];
    for (const node of plan.nodes) made.push(await make(node, { declaration, run, place, made, open }));
    const context = give(new OwnTaskContext(declaration, run), plan, made);
    result = await declaration.fn(context, ...run.args);
  } catch (thrown) {
    const left = await open.close({ error: thrown });
    throw left === undefined ? swallowed(declaration, thrown) : left.error;
  }
  const failure = await open.close(undefined);
  if (failure !== undefined) throw failure.error;
  return result;
}

interface Making {
  readonly declaration: TaskDeclaration;
  readonly run: TaskRun;
  readonly place: Place;
  readonly made: readonly unknown[];
  readonly open: OpenDependencies;
}

function make(node: PlannedDependency, making: Making): unknown {
  const { declaration, fixed, path, crosses } = node;
  const { inThread, kept, traceDependency } = making.place;
  if (fixed !== undefined) return fixed.value;
  if (declaration.scope === "thread" || declaration.scope === "app") return kept.get(declaration);
  if (traceDependency === undefined) return makeAnew(node, making);
  return traceDependency(path, inThread || crosses ? "thread" : "loop", async () => makeAnew(node, making));
}

function makeAnew(node: PlannedDependency, { declaration: task, run, place, made, open }: Making): unknown {
  const { declaration, crosses, path } = node;
  if (crosses) return place.makeForTask({ task: task.name, path, id: run.id, values: give({}, node, made) });
  const own = give(new OwnTaskContext(task, run), node, made);
  return declaration.isGenerator ? open.enter(declaration, own) : declaration.fn(own);
}

function give<Target extends object>(
  target: Target,
  { deps }: Pick<PlannedDependency, "deps">,
  made: readonly unknown[],
): Target {
  for (const { name, index } of deps)
    Object.defineProperty(target, name, { value: made[index], enumerable: true });
  return target;
}

/** What a task, and what it needs, receive. There is no request: who asks for it is told. */
export class OwnTaskContext implements TaskContext {
  readonly #task: TaskDeclaration;
  readonly #run: Pick<TaskRun, "job" | "signal" | "log">;

  constructor(task: TaskDeclaration, run: Pick<TaskRun, "job" | "signal" | "log">) {
    this.#task = task;
    this.#run = run;
  }

  get job(): RunningJob | undefined {
    return this.#run.job;
  }

  get signal(): AbortSignal {
    return this.#run.signal();
  }

  get log(): Log {
    return this.#run.log();
  }

  get request(): never {
    throw this.#withoutRequest("request");
  }

  get response(): never {
    throw this.#withoutRequest("response");
  }

  get background(): never {
    throw this.#withoutRequest("background");
  }

  #withoutRequest(name: string): OffloopError {
    return new OffloopError(
      "OFFLOOP_DEPENDENCY_INVALID",
      `Cannot read ${name} in a dependency of task "${this.#task.name}": a task has no request`,
      { at: this.#task.location, fix: "pass what is needed of the request as an argument of the task" },
    );
  }
}

function swallowed({ name, location }: TaskDeclaration, cause: unknown): OffloopError {
  return new OffloopError(
    "OFFLOOP_ERROR_SWALLOWED",
    `Cannot end task "${name}": a dependency caught its error and did not throw again`,
    { at: location, fix: "throw the error again at the end of the catch", cause },
  );
}
