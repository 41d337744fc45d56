import type { TracedPayload } from "../threads/crossing/messages.ts";
import type { AroundInThread, Runner } from "../threads/inside/work-runner.ts";
import { type PackedContext, Tracing } from "./tracing.ts";

type Api = typeof import("@opentelemetry/api");

/**
 * Opens tracing when something collects spans: OpenTelemetry's API is installed, and a tracer provider has been
 * registered with it. Otherwise returns undefined, and nothing is traced.
 */
export async function openTracing(): Promise<Tracing | undefined> {
  if (!isAnythingRegistered()) return undefined; // the API takes longer to load than this takes to find out
  const api = await importApi();
  return api !== undefined && hasProvider(api) ? new Tracing(api) : undefined;
}

/** Whether anybody has registered anything with the API: all its copies in a process find each other through a symbol. */
function isAnythingRegistered(): boolean {
  return Object.getOwnPropertySymbols(globalThis).some(({ description = "" }) =>
    description.startsWith("opentelemetry.js.api."),
  );
}

async function importApi(): Promise<Api | undefined> {
  try {
    return await import("@opentelemetry/api");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Until a provider is registered, the API uses a proxy in its place that leads nowhere. */
function hasProvider({ trace, ProxyTracerProvider }: Api): boolean {
  const provider = trace.getTracerProvider();
  return (
    !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(Tracing.scope) !== undefined
  );
}

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
