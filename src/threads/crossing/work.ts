import type { App } from "../../app/app.ts";
import type { Overrides } from "../../app/dependency.ts";
import type { ErrorHandler } from "../../app/error-handlers.ts";
import type { InputSettings } from "../../app/input-settings.ts";
import type { Operation } from "../../app/operation.ts";
import { partsOf, servedErrorHandlers, servedTaskDeclarations } from "../../app/parts.ts";
import type { TaskDeclaration } from "../../app/task.ts";
import { formatLocation, OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import {
  type CompiledOperation,
  compileOperation,
  compileTaskDependencies,
  type OperationSettings,
} from "../../operation/compile.ts";
import {
  type DependencyPlan,
  type PlannedDependency,
  planDependencies,
} from "../../operation/dependency-plan.ts";
import type { CompiledTask } from "../../operation/run-task.ts";

/** An operation, as something a thread can be asked to run. */
export class OperationWork {
  readonly id: string;
  readonly declaration: Operation;
  readonly plan: DependencyPlan;
  readonly #settings: OperationSettings;
  readonly #inputs: Required<InputSettings>;
  #compiled: CompiledOperation | undefined;

  constructor(declaration: Operation, settings: OperationSettings, { overrides, inputs }: WorkSettings) {
    this.id = declaration.id;
    this.declaration = declaration;
    this.plan = planDependencies(declaration, overrides);
    this.#settings = settings;
    this.#inputs = inputs;
  }

  /** Worked out at its first call, so that a thread is ready before it has looked at 200 schemas. */
  get compiled(): CompiledOperation {
    this.#compiled ??= compileOperation(this.declaration, this.plan, this.#settings, this.#inputs);
    return this.#compiled;
  }

  /** Whether it, or something it needs, reads a form. */
  get readsForm(): boolean {
    return this.#all.some(({ inputs }) => inputs.form !== undefined);
  }

  /** Whether it, or something it needs, declares what the session has. */
  get readsSession(): boolean {
    return this.#all.some(({ inputs }) => inputs.session !== undefined);
  }

  /** Whether its body is parsed where it runs: when it, or something it needs, reads it. */
  get parsesBody(): boolean {
    return this.readsForm || this.#all.some(({ inputs }) => inputs.body !== undefined);
  }

  get #all(): readonly Pick<Operation, "inputs">[] {
    return [this.declaration, ...this.plan.nodes.map((node) => node.declaration)];
  }
}

/** The plain dependencies of an operation, or a task, that runs on the loop. */
export class DependencyWork {
  readonly id: string;
  readonly operation: OperationWork | TaskWork;
  readonly declaration: { readonly lane: "thread"; readonly location: SourceLocation };

  constructor(operation: OperationWork | TaskWork) {
    this.id = dependencyWorkId(operation.id);
    this.operation = operation;
    this.declaration = { lane: "thread", location: operation.declaration.location };
  }

  /** One of them, by its path in the plan. */
  planned(path: string): PlannedDependency {
    return this.operation.plan?.nodes.find((node) => node.path === path) as PlannedDependency;
  }
}

/** An error handler. */
export class ErrorHandlerWork {
  readonly id: string;
  readonly declaration: ErrorHandler;

  constructor(declaration: ErrorHandler, index: number) {
    this.id = errorHandlerWorkId(index);
    this.declaration = declaration;
  }
}

/** A task, as something a thread can be asked to run. */
export class TaskWork {
  readonly id: string;
  readonly declaration: TaskDeclaration;
  /** What it needs; undefined where it declares no deps. */
  readonly plan: DependencyPlan | undefined;
  /** The same, ready to be called. */
  readonly compiled: CompiledTask | undefined;

  constructor(declaration: TaskDeclaration, overrides: Overrides) {
    const { name, lane, deps, location } = declaration;
    const id = taskWorkId(name);
    this.id = id;
    this.declaration = declaration;
    this.plan = deps && planDependencies({ id, lane, path: "", deps, location }, overrides);
    for (const node of this.plan?.nodes ?? []) checkWithoutRequest(declaration, node);
    this.compiled = this.plan && {
      id,
      declaration,
      plan: this.plan,
      dependencies: compileTaskDependencies(this.plan),
    };
  }
}

function checkWithoutRequest(
  { name, location }: TaskDeclaration,
  { declaration, path }: PlannedDependency,
): void {
  if (declaration.inputs.isEmpty) return;
  throw new OffloopError(
    "OFFLOOP_DEPENDENCY_INVALID",
    `Cannot add task "${name}": its dependency ${path} reads inputs of a request, and a task has none`,
    {
      at: location,
      note: `the dependency: ${formatLocation(declaration.location)}`,
      fix: "pass what is needed of the request as an argument of the task",
    },
  );
}

export type Work = OperationWork | TaskWork | DependencyWork | ErrorHandlerWork;

/** What threads find a task by. */
export function taskWorkId(name: string): string {
  return `task ${name}`;
}

/** What threads find the dependencies of an operation by. */
export function dependencyWorkId(operation: string): string {
  return `dependencies of ${operation}`;
}

/** What threads find an error handler by. */
export function errorHandlerWorkId(index: number): string {
  return `error handler ${index}`;
}

/** What of how an app is served matters for what it runs. */
export interface WorkSettings {
  /** Dependencies that are replaced. */
  readonly overrides: Overrides;
  readonly inputs: Required<InputSettings>;
}

/** The tasks of an app and of those mounted in it. */
export function listTaskWork(app: App, overrides: Overrides): TaskWork[] {
  return servedTaskDeclarations(app).map((task) => new TaskWork(task, overrides));
}

/** Those that declare deps, ready to be run, by name. */
export function compiledTasks(works: readonly Work[]): ReadonlyMap<string, CompiledTask> {
  return new Map(
    works.flatMap((work): [string, CompiledTask][] =>
      work instanceof TaskWork && work.compiled ? [[work.declaration.name, work.compiled]] : [],
    ),
  );
}

/** Everything an app and those mounted in it declare that can be run, operations first. */
export function listWork(app: App, settings: WorkSettings): Work[] {
  const operations = partsOf(app).flatMap(({ app: part, operations: declared }) =>
    declared.map((operation) => new OperationWork(operation, part.operationSettings, settings)),
  );
  const tasks = listTaskWork(app, settings.overrides);
  const dependencies = [...operations, ...tasks]
    .filter(({ plan }) => plan?.nodes.some(({ remote }) => remote !== undefined))
    .map((dependent) => new DependencyWork(dependent));
  return [
    ...operations,
    ...tasks,
    ...dependencies,
    ...servedErrorHandlers(app).map((handler, index) => new ErrorHandlerWork(handler, index)),
  ];
}

/** A run of this many milliseconds or more is a long one: its operation may not use the express lane. */
export const SHORT_MS = 50;
/** Runs below this are quick: several calls may be handed to a thread at once, and answered at once. */
const QUICK_MS = 1;
/** How many runs are looked back on. */
const WINDOW = 16;

/** How long the last runs of one operation or task took. */
export class RunHistory {
  #runs = 0;
  /** One bit a run, the newest lowest: set when it was long. */
  #long = 0;
  #longCount = 0;
  #quickInARow = 0;

  /** @param ms - How long the run took. */
  record(ms: number): void {
    const oldest = (this.#long >>> (WINDOW - 1)) & 1;
    const newest = ms >= SHORT_MS ? 1 : 0;
    this.#long = ((this.#long << 1) | newest) & ((1 << WINDOW) - 1);
    this.#longCount += newest - oldest;
    if (this.#runs < WINDOW) this.#runs++;
    this.#quickInARow = ms < QUICK_MS ? this.#quickInARow + 1 : 0;
  }

  /** Whether the median of the last runs is under 50 ms. False before the first run. */
  get isShort(): boolean {
    return this.#runs > 0 && this.#longCount * 2 < this.#runs;
  }

  /** Whether every one of the last 16 runs took less than a millisecond. */
  get isQuick(): boolean {
    return this.#quickInARow >= WINDOW;
  }
}
