import type { BackgroundCall } from "../app/background.ts";
import type { TaskDeclaration } from "../app/task.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";
import type { CallClass, Client } from "./call.ts";
import { packRequest, type ReplyPayload, type TaskOutcome, unpackThrown } from "./messages.ts";
import type { ThreadPool } from "./pool.ts";
import { refusedReply } from "./refused-reply.ts";
import { TaskWork, taskWorkId, type Work } from "./work.ts";

/** Runs operations and tasks of an app on the threads of a pool. */
export interface ThreadCalls {
  /** Runs one request; gives a reply whatever happens. */
  operation(index: number, request: RawRequest & Client, timeoutMs: number | undefined): Promise<RawReply>;
  /** Runs a task and gives its result, or throws what it threw. */
  task(
    declaration: TaskDeclaration,
    args: unknown[],
    callClass: CallClass,
    timeoutMs: number | undefined,
  ): Promise<unknown>;
}

/** @param works - The pool's table of work. */
export function createThreadCalls(pool: ThreadPool, works: readonly Work[]): ThreadCalls {
  const indexes = new Map(works.map((work, index) => [work.id, index]));
  const tasks = new Map(
    works.flatMap((work) => (work instanceof TaskWork ? [[work.declaration.name, work.declaration]] : [])),
  );
  return {
    operation: (work, request, timeoutMs) =>
      new Promise((resolve) => {
        const settle = (error: OffloopError | undefined, outcome: unknown): void =>
          resolve(error === undefined ? unpackReply(outcome as ReplyPayload, tasks) : refusedReply(error));
        pool.run({ work, class: "request", ...packRequest(request), timeoutMs, client: request, settle });
      }),
    task: (declaration, args, callClass, timeoutMs) =>
      new Promise((resolve, reject) => {
        const work = indexes.get(taskWorkId(declaration.name));
        if (work === undefined) return reject(unknownTask(declaration));
        const settle = (error: OffloopError | undefined, outcome: unknown): void => {
          const [ok, value] = error === undefined ? (outcome as TaskOutcome) : [false as const, error];
          if (ok) resolve(value);
          else reject(value instanceof OffloopError ? value : unpackThrown(value));
        };
        pool.run({
          work,
          class: callClass,
          payload: args,
          transfer: [],
          timeoutMs,
          client: undefined,
          settle,
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

/** Stands for a task that only the thread knows: fails when its turn comes, like any task. */
function missingTask(name: string): TaskDeclaration {
  const location = { file: "(unknown)", line: 1, column: 1 };
  const task: TaskDeclaration = {
    name,
    lane: "loop",
    fn: () => {
      throw unknownTask(task);
    },
    timeoutMs: undefined,
    location,
  };
  return task;
}

function unknownTask({ name, location }: TaskDeclaration): OffloopError {
  return new OffloopError(
    "OFFLOOP_TASK_UNKNOWN",
    `Cannot run task "${name}": the served app does not declare it`,
    {
      at: location,
      fix: "declare it on the app that is served, or include its router there",
    },
  );
}
