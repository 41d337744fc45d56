import type { Around } from "../lanes/around.ts";
import { tracedPool } from "./calls.ts";
import type { PackedSpan, Tracing } from "./tracing.ts";

/** Makes spans for tasks, dependencies and calls on threads as they run, and records why a request has failed. */
export function traceRuns(tracing: Tracing): Around {
  return {
    operation: ({ id, lane, isMessage }, run) =>
      isMessage ? (message) => tracing.message(id, lane, () => run(message)) : run,
    task: (run) => (call) => {
      const { task, attempt } = call;
      return attempt === undefined
        ? tracing.task(task.name, task.lane, call.class === "background", () => run(call))
        : tracing.job({ task, job: attempt.job, trace: attempt.trace as PackedSpan | undefined }, () =>
            run(call),
          );
    },
    dependency: tracing.dependency,
    failure: (_operation, { message }, reply) => {
      if (reply.error !== undefined) tracing.requests.fail(message, reply.error);
      return reply;
    },
    calls: (pool, works) => tracedPool(pool, works, tracing),
  };
}
