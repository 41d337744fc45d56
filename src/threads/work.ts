import type { App } from "../app/app.ts";
import type { Operation } from "../app/operation.ts";
import { type TaskDeclaration, taskDeclaration } from "../app/task.ts";
import { type CompiledOperation, compileOperation } from "../operation/compile.ts";

/** An operation, as something a thread can be asked to run. */
export class OperationWork {
  readonly id: string;
  readonly declaration: Operation;
  #compiled: CompiledOperation | undefined;

  constructor(declaration: Operation) {
    this.id = declaration.id;
    this.declaration = declaration;
  }

  /** Worked out at its first call, so that a thread is ready before it has looked at 200 schemas. */
  get compiled(): CompiledOperation {
    this.#compiled ??= compileOperation(this.declaration);
    return this.#compiled;
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

export type Work = OperationWork | TaskWork;

/** What threads find a task by. */
export function taskWorkId(name: string): string {
  return `task ${name}`;
}

/** Everything an app declares that can be run, operations first. */
export function listWork(app: App): Work[] {
  const operations = app.declaredOperations().map((operation) => new OperationWork(operation));
  const tasks = app.declaredTasks().flatMap((task) => taskDeclaration(task) ?? []);
  return [...operations, ...tasks.map((task) => new TaskWork(task))];
}
