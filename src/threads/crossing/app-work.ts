import type { App } from "../../app/app.ts";
import type { Overrides } from "../../app/dependency.ts";
import { partsOf, servedErrorHandlers, servedTaskDeclarations } from "../../app/parts.ts";
import type { DependencyPlan } from "../../operation/dependency-plan.ts";
import type { CompiledTask } from "../../operation/run-task.ts";
import {
  ConnectionWork,
  DependencyWork,
  ErrorHandlerWork,
  OperationWork,
  TaskWork,
  type Work,
  type WorkSettings,
} from "./work.ts";

/** All runnable work that an app and those mounted in it declare, operations first. */
export function listWork(app: App, settings: WorkSettings): Work[] {
  const operations = partsOf(app).flatMap(({ app: part, operations: declared }) =>
    declared.map((operation) => new OperationWork(operation, part.operationSettings, settings)),
  );
  const connections = partsOf(app).flatMap(({ app: part, sockets }) =>
    sockets.map((socket) => new ConnectionWork(socket, part.operationSettings, settings)),
  );
  return [
    ...operations,
    ...connections,
    ...connections.flatMap(({ message }) => message ?? []),
    ...listTaskWork(app, settings.overrides),
    ...listDependencyWork([...operations, ...connections]),
    ...servedErrorHandlers(app).map((handler, index) => new ErrorHandlerWork(handler, index)),
  ];
}

/** The tasks of an app and of those mounted in it, and the dependencies that tasks on the loop need from a thread. */
export function listTaskWork(app: App, overrides: Overrides): (TaskWork | DependencyWork)[] {
  const tasks = servedTaskDeclarations(app).map((task) => new TaskWork(task, overrides));
  return [...tasks, ...listDependencyWork(tasks)];
}

function listDependencyWork(
  dependents: readonly (OperationWork | ConnectionWork | TaskWork)[],
): DependencyWork[] {
  return dependents.filter(needsThread).map((dependent) => new DependencyWork(dependent));
}

/** Whether some of what it depends on must be run on a thread. */
export function needsThread({ plan }: { readonly plan: DependencyPlan | undefined }): boolean {
  return plan?.nodes.some(({ remote }) => remote !== undefined) ?? false;
}

/** The tasks that declare deps, ready to be run, by name. */
export function compiledTasks(works: readonly Work[]): ReadonlyMap<string, CompiledTask> {
  return new Map(
    works.flatMap((work): [string, CompiledTask][] =>
      work instanceof TaskWork && work.compiled ? [[work.declaration.name, work.compiled]] : [],
    ),
  );
}
