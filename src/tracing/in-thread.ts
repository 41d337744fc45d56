import type { TracedPayload } from "../threads/crossing/messages.ts";
import type { AroundInThread, Runner } from "../threads/inside/work-runner.ts";
import { openTracing } from "./open.ts";
import type { PackedContext, Tracing } from "./tracing.ts";

/** Opens tracing in a thread. Even without a tracer there, payloads are unwrapped. */
export async function openInThread(): Promise<AroundInThread> {
  const tracing = await openTracing();
  return {
    calls: (runner) => tracedRunner(runner, tracing),
    dependency: tracing?.dependency,
    pack: tracing && (() => tracing.packActive()),
    logFields: tracing && (() => tracing.logFields()),
    task: tracing && (({ name }, run) => tracing.task(name, "thread", false, run)),
  };
}

/** Runs each call as part of the span it belongs to. */
function tracedRunner(runner: Runner, tracing: Tracing | undefined): Runner {
  return {
    works: runner.works,
    run: (index, carried, services) => {
      const { trace, payload } = carried as TracedPayload;
      const run = (): ReturnType<Runner["run"]> => runner.run(index, payload, services);
      return tracing === undefined ? run() : tracing.resume(trace as PackedContext, run);
    },
  };
}
