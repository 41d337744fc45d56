import type { BackgroundCall } from "../app/background.ts";
import { findUncloneable } from "../app/cloneable.ts";
import type { TaskDeclaration } from "../app/task.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";
import { internalErrorReply } from "../operation/reply.ts";
import type { CallClass } from "./call.ts";
import { packRequest, type ReplyPayload, type TaskOutcome, unpackThrown } from "./messages.ts";
import type { ThreadPool } from "./pool.ts";
import { TaskWork, taskWorkId, type Work } from "./work.ts";

/** Runs operations and tasks of an app on the threads of a pool. */
export interface ThreadCalls {
  /** Runs one request; gives a reply whatever happens. */
  operation(index: number, request: RawRequest): Promise<RawReply>;
  /** Runs a task and gives its result, or throws what it threw. */
  task(declaration: Pick<TaskDeclaration, "name">, args: unknown[], callClass: CallClass): Promise<unknown>;
}

/** @param works - The pool's table of work. */
export function createThreadCalls(pool: ThreadPool, works: readonly Work[]): ThreadCalls {
  const indexes = new Map(works.map((work, index) => [work.id, index]));
  const tasks = new Map(
    works.flatMap((work) => (work instanceof TaskWork ? [[work.declaration.name, work.declaration]] : [])),
  );
  return {
    operation: (index, request) =>
      new Promise((resolve) => {
        pool.run(index, "request", packRequest(request), (error, outcome) => {
          resolve(
            error === undefined ? unpackReply(outcome as ReplyPayload, tasks) : internalErrorReply(error),
          );
        });
      }),
    task: (declaration, args, callClass) =>
      new Promise((resolve, reject) => {
        const index = indexes.get(taskWorkId(declaration.name));
        if (index === undefined) return reject(unknownTask(declaration.name));
        pool.run(index, callClass, { payload: args, transfer: [] }, (error, outcome) => {
          if (error !== undefined)
            return reject(error instanceof OffloopError ? error : uncloneable(declaration.name, args, error));
          const [ok, value] = outcome as TaskOutcome;
          if (ok) resolve(value);
          else reject(unpackThrown(value));
        });
      }),
  };
}

function unpackReply(payload: ReplyPayload, tasks: ReadonlyMap<string, TaskDeclaration>): RawReply {
  const [status, mediaType, headers, body, named, error] = payload;
  const background = named?.map(
    ([name, args]): BackgroundCall => ({ task: tasks.get(name) ?? missingTask(name), args }),
  );
  return { status, mediaType, headers, body, background, error };
}

function missingTask(name: string): BackgroundCall["task"] {
  return {
    name,
    lane: "loop",
    fn: () => {
      throw unknownTask(name);
    },
  };
}

function unknownTask(name: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_TASK_UNKNOWN",
    `Cannot run task "${name}": the served app does not declare it`,
    {
      fix: "declare it on the app that is served, or include its router there",
    },
  );
}

function uncloneable(name: string, args: unknown[], cause: Error): OffloopError {
  return new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot run task "${name}" on a thread: ${findUncloneable(args, "args") ?? cause.message} cannot cross between threads`,
    {
      fix: "pass plain data: what structuredClone accepts",
      cause,
    },
  );
}
