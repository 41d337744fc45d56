import { formatLocation, OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import type { Operation } from "./operation.ts";
import { type Task, taskDeclaration } from "./task.ts";

/** @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when two operations answer the same method and path. */
export function uniqueOperations(operations: Iterable<Operation>): Operation[] {
  const byPattern = new Map<string, Operation>();
  for (const operation of operations) {
    const pattern = operation.id.replaceAll(/:[^/\-.(]+/g, ":"); // the router cannot tell names apart
    const first = byPattern.get(pattern);
    if (first !== undefined) throw routeDuplicate(operation, first.location);
    byPattern.set(pattern, operation);
  }
  return [...byPattern.values()];
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

/** The error for a second task of the same name. */
export function taskDuplicate(task: Task, first: Task): OffloopError {
  const place = taskDeclaration(first)?.location;
  return new OffloopError(
    "OFFLOOP_TASK_DUPLICATE",
    `Cannot declare task "${task.name}": another task has this name`,
    {
      at: taskDeclaration(task)?.location,
      note: place === undefined ? undefined : `first: ${formatLocation(place)}`,
      fix: "give one of the two another name",
    },
  );
}

function routeDuplicate(operation: Operation, first: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_ROUTE_DUPLICATE",
    `Cannot add ${operation.id}: another operation answers it already`,
    {
      at: operation.location,
      note: `first: ${formatLocation(first)}`,
      fix: "remove one of the two, or give one router a prefix",
    },
  );
}
