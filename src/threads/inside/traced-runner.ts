import type { Tracing } from "../../tracing/tracing.ts";
import type { TracedPayload } from "../crossing/messages.ts";
import type { Runner } from "./work-runner.ts";

/**
 * In a thread: runs each call as part of the span it belongs to.
 *
 * @param tracing - Undefined when the thread has no tracer: what calls carry is wrapped all the same.
 */
export function tracedRunner(runner: Runner, tracing: Tracing | undefined): Runner {
  return {
    works: runner.works,
    run: (index, carried, services) => {
      const { trace, payload } = carried as TracedPayload;
      const run = (): ReturnType<Runner["run"]> => runner.run(index, payload, services);
      return tracing === undefined ? run() : tracing.resume(trace, run);
    },
  };
}
