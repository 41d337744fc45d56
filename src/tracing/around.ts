import type { Around } from "../lanes/around.ts";
import { tracedPool } from "./calls.ts";
import type { Tracing } from "./tracing.ts";

/** Makes spans of what runs: of tasks, dependencies and calls on threads, and says what a request has failed from. */
export function traceRuns(tracing: Tracing): Around {
  return {
    task: (run) => (call) =>
      tracing.task(call.task.name, call.task.lane, call.class === "background", () => run(call)),
    dependency: tracing.dependency,
    failure: (_operation, { message }, reply) => {
      if (reply.error !== undefined) tracing.requests.fail(message, reply.error);
      return reply;
    },
    calls: (pool, works) => tracedPool(pool, works, tracing),
  };
}
