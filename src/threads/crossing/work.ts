import type { App } from "../../app/app.ts";
import type { Overrides } from "../../app/dependency.ts";
import type { ErrorHandler } from "../../app/error-handlers.ts";
import type { InputSettings } from "../../app/input-settings.ts";
import type { Operation } from "../../app/operation.ts";
import { partsOf, servedErrorHandlers, servedTasks } from "../../app/parts.ts";
import { type TaskDeclaration, taskDeclaration } from "../../app/task.ts";
import type { SourceLocation } from "../../errors/offloop-error.ts";
import { type CompiledOperation, compileOperation, type OperationSettings } from "../../operation/compile.ts";
import {
  type DependencyPlan,
  type PlannedDependency,
  planDependencies,
} from "../../operation/dependency-plan.ts";

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

  /** Whether its body is parsed where it runs: when it, or something it needs, reads it. */
  get parsesBody(): boolean {
    return this.readsForm || this.#all.some(({ inputs }) => inputs.body !== undefined);
  }

  get #all(): readonly Pick<Operation, "inputs">[] {
    return [this.declaration, ...this.plan.nodes.map((node) => node.declaration)];
  }
}

/** The plain dependencies of an operation that runs on the loop. */
export class DependencyWork {
  readonly id: string;
  readonly operation: OperationWork;
  readonly declaration: { readonly lane: "thread"; readonly location: SourceLocation };

  constructor(operation: OperationWork) {
    this.id = dependencyWorkId(operation.id);
    this.operation = operation;
    this.declaration = { lane: "thread", location: operation.declaration.location };
  }

  /** One of them, by its path in the plan. */
  planned(path: string): PlannedDependency {
    return this.operation.plan.nodes.find((node) => node.path === path) as PlannedDependency;
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

  constructor(declaration: TaskDeclaration) {
    this.id = taskWorkId(declaration.name);
    this.declaration = declaration;
  }
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

/** Everything an app and those mounted in it declare that can be run, operations first. */
export function listWork(app: App, settings: WorkSettings): Work[] {
  const operations = partsOf(app).flatMap(({ app: part, operations: declared }) =>
    declared.map((operation) => new OperationWork(operation, part.operationSettings, settings)),
  );
  const dependencies = operations
    .filter(({ plan }) => plan.nodes.some(({ remote }) => remote !== undefined))
    .map((operation) => new DependencyWork(operation));
  const tasks = servedTasks(app).flatMap((task) => taskDeclaration(task) ?? []);
  return [
    ...operations,
    ...tasks.map((task) => new TaskWork(task)),
    ...dependencies,
    ...servedErrorHandlers(app).map((handler, index) => new ErrorHandlerWork(handler, index)),
  ];
}
