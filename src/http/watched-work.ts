import type { Operation } from "../app/operation.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";
import { runOperation } from "../operation/run.ts";
import { type OperationWork, taskWorkId } from "../threads/work.ts";
import { markOf, marks, runMarked } from "../watch/marks.ts";
import type { RunnableOperation, RunnableTask } from "./runnable.ts";

/** An operation on the loop whose requests are counted where the watchdog sees them while the loop is blocked. */
export class WatchedOperation implements RunnableOperation {
  readonly declaration: Operation;
  readonly #work: OperationWork;
  readonly #mark: number;
  #running = 0;

  constructor(work: OperationWork) {
    this.declaration = work.declaration;
    this.#work = work;
    this.#mark = markOf(work.id);
  }

  get running(): number {
    return this.#running;
  }

  set running(count: number) {
    // Another server of this process may have an operation of the same name.
    marks[this.#mark]! += count - this.#running;
    this.#running = count;
  }

  run(request: RawRequest): Promise<RawReply> {
    return runMarked(this.#mark, request.id, runOperation, this.#work.compiled, request, false);
  }
}

/** Runs a task on the loop as the watchdog wants it. */
export async function runWatched({ name, fn }: RunnableTask, args: unknown[]): Promise<unknown> {
  const mark = markOf(taskWorkId(name));
  marks[mark]!++;
  try {
    return await runMarked(mark, undefined, fn, ...args);
  } finally {
    marks[mark]!--;
  }
}
