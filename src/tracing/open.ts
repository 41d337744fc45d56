import { Tracing } from "./tracing.ts";

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
