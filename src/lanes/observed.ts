import type { Operation } from "../app/operation.ts";
import {
  newRecord,
  operationChannel,
  type RunRecord,
  recordLoop,
  taskChannel,
} from "../channels/channels.ts";
import { describeError } from "../errors/described-error.ts";
import { frameLines } from "../errors/stack-frames.ts";
import type { RawReply } from "../operation/raw.ts";
import type { LaneRequest, RunOperation, RunTask, TaskCall } from "./around.ts";

/** Runs something on its lane, and fills in where and for how long when someone wants to know. */
export type LaneRun<Subject, Result> = (subject: Subject, record?: RunRecord) => Promise<Result>;

/** Publishes start and end of an operation's runs while anyone listens. It stands next to the lane itself. */
export function observeOperation(
  operation: Pick<Operation, "id" | "lane">,
  run: LaneRun<LaneRequest, RawReply>,
): RunOperation {
  return (request) => (operationChannel.hasSubscribers ? publishRun(operation, run, request) : run(request));
}

async function publishRun(
  { id, lane }: Pick<Operation, "id" | "lane">,
  run: LaneRun<LaneRequest, RawReply>,
  request: LaneRequest,
): Promise<RawReply> {
  const about = { request: request.id, operation: id, lane } as const;
  const record = newRecord();
  const start = performance.now();
  operationChannel.publish({ event: "start", ...about });
  const reply = await run(request, record);
  if (lane === "loop") recordLoop(record, start);
  operationChannel.publish({ event: "end", ...about, ...record, status: reply.status });
  return reply;
}

/** Publishes start and end of the runs of tasks while anyone listens. */
export function observeTasks(run: LaneRun<TaskCall, unknown>): RunTask {
  return (call) => (taskChannel.hasSubscribers ? publishTask(run, call) : run(call));
}

let runs = 0;

async function publishTask(run: LaneRun<TaskCall, unknown>, call: TaskCall): Promise<unknown> {
  const { name: task, lane } = call.task;
  const about = { run: ++runs, task, lane, request: call.request } as const;
  const record = newRecord();
  const start = performance.now();
  let ok = false;
  let stack: readonly string[] = [];
  taskChannel.publish({ event: "start", ...about });
  try {
    const result = await run(call, record);
    ok = true;
    return result;
  } catch (thrown) {
    stack = frameLines(describeError(thrown));
    throw thrown;
  } finally {
    if (lane === "loop") recordLoop(record, start);
    taskChannel.publish({ event: "end", ...about, ...record, ok, stack });
  }
}
