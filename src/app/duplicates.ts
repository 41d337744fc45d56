import { formatLocation, OffloopError } from "../errors/offloop-error.ts";
import type { Operation } from "./operation.ts";
import { optionalNames, pathPattern, pathPatterns, withoutOptional } from "./path.ts";
import type { Task } from "./tasks/task.ts";
import { taskDeclaration } from "./tasks/task-declaration.ts";

/** @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two operations answer the same method and path. */
export function uniqueOperations(operations: Iterable<Operation>): Operation[] {
  const unique = [...operations];
  const byPattern = new Map<string, Operation>();
  for (const operation of unique)
    for (const pattern of pathPatterns(operation.path)) {
      const answered = `${operation.method} ${pattern}`;
      const first = byPattern.get(answered);
      if (first !== undefined) throw routeDuplicate(operation, first);
      byPattern.set(answered, operation);
    }
  return unique;
}

/** @throws {OffloopError} `OFFLOOP_TASK_DUPLICATE` when two tasks have the same name. */
export function uniqueTasks(tasks: Iterable<Task>): Task[] {
  const byName = new Map<string, Task>();
  for (const task of tasks) {
    const first = byName.get(task.name);
    if (first !== undefined && first !== task) throw taskDuplicate(task, first);
    byName.set(task.name, task);
  }
  return [...byName.values()];
}

/** The error for a second task with the same name. */
export function taskDuplicate(task: Task, first: Task): OffloopError {
  const location = taskDeclaration(first)?.location;
  return new OffloopError(
    "OFFLOOP_TASK_DUPLICATE",
    `Cannot declare task "${task.name}": another task has this name`,
    {
      at: taskDeclaration(task)?.location,
      note: location === undefined ? undefined : `first: ${formatLocation(location)}`,
      fix: "rename one of the two",
    },
  );
}

/** The error for an operation that answers what another does. */
export function routeDuplicate(operation: Operation, first: Operation): OffloopError {
  const answers = first.id === operation.id ? "another operation" : first.id;
  const optional = optionalInWay(operation.path, first.path) ?? optionalInWay(first.path, operation.path);
  return new OffloopError(
    "OFFLOOP_ROUTE_DUPLICATE",
    `Cannot add ${operation.id}: ${answers} answers it already`,
    {
      at: operation.location,
      note: `first: ${formatLocation(first.location)}`,
      fix:
        optional === undefined
          ? "remove one of the two, or give one router a prefix"
          : `leave out the "?" of ${optional}, or remove one of the two`,
    },
  );
}

/** A path, if it is in the way of another only since its last parameter is optional. */
function optionalInWay(path: string, other: string): string | undefined {
  const isInWay =
    optionalNames(path).length > 0 && pathPatterns(other)[0] === pathPattern(withoutOptional(path));
  return isInWay ? path : undefined;
}
