import type { TaskDeclaration } from "../app/task.ts";
import { taskChannel } from "../channels/channels.ts";
import { newRecord, type RunRecord, recordLoop } from "../channels/run-record.ts";
import { describeError } from "../errors/described-error.ts";
import { frameLines } from "../errors/frame-lines.ts";

let runs = 0;

/**
 * Runs a task, and publishes its start and end if anyone listens.
 *
 * @param run - Fills in the record where it runs on a thread.
 */
export function runObserved(
  task: Pick<TaskDeclaration, "name" | "lane">,
  request: string | undefined,
  run: (record: RunRecord | undefined) => Promise<unknown>,
): Promise<unknown> {
  return taskChannel.hasSubscribers ? publishRun(task, request, run) : run(undefined);
}

async function publishRun(
  { name, lane }: Pick<TaskDeclaration, "name" | "lane">,
  request: string | undefined,
  run: (record: RunRecord | undefined) => Promise<unknown>,
): Promise<unknown> {
  const about = { run: ++runs, task: name, lane, request } as const;
  const record = newRecord();
  const start = performance.now();
  let ok = false;
  let stack: readonly string[] = [];
  taskChannel.publish({ event: "start", ...about });
  try {
    const result = await run(record);
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
