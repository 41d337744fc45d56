import type { TaskDeclaration } from "../app/task.ts";
import { taskChannel } from "../channels/channels.ts";

/** Runs a task, and publishes its start and end if anyone listens. */
export function runObserved(
  { name, lane }: Pick<TaskDeclaration, "name" | "lane">,
  request: string | undefined,
  run: () => Promise<unknown>,
): Promise<unknown> {
  if (!taskChannel.hasSubscribers) return run();
  const start = performance.now();
  taskChannel.publish({ event: "start", task: name, lane, request });
  const publishEnd = (ok: boolean): void =>
    taskChannel.publish({
      event: "end",
      task: name,
      lane,
      request,
      durationMs: performance.now() - start,
      ok,
    });
  return run().then(
    (result) => {
      publishEnd(true);
      return result;
    },
    (thrown: unknown) => {
      publishEnd(false);
      throw thrown;
    },
  );
}
