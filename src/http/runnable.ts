import type { Operation } from "../app/operation.ts";
import type { TaskDeclaration } from "../app/task.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";

/** An operation that can be asked. */
export interface RunnableOperation {
  readonly declaration: Operation;
  /** One request, on the operation's lane. Gives a reply whatever happens. */
  readonly run: (request: RawRequest) => Promise<RawReply>;
  /** Requests it has not answered yet. */
  running: number;
}

/** What is needed of a task, or of an async function added as it is, to run it. */
export type RunnableTask = Pick<TaskDeclaration, "name" | "lane" | "fn">;
