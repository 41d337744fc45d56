import type { Context, TraceFlags } from "@opentelemetry/api";

type Api = typeof import("@opentelemetry/api");

/**
 * A context as it crosses to a thread: W3C's traceparent, tracestate and baggage. It does not go by the registered
 * propagator: that says which strangers are trusted, and a thread is none.
 */
export interface PackedContext {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  readonly baggage: readonly (readonly [name: string, value: string])[] | undefined;
}

export function packContext({ trace, propagation }: Api, context: Context): PackedContext {
  const span = trace.getSpanContext(context);
  const entries = propagation.getBaggage(context)?.getAllEntries();
  return {
    traceparent: span && `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`,
    tracestate: span?.traceState?.serialize(),
    baggage: entries?.map(([name, { value }]) => [name, value]),
  };
}

export function unpackContext(
  { trace, propagation, createTraceState, ROOT_CONTEXT }: Api,
  { traceparent, tracestate, baggage }: PackedContext,
): Context {
  let context = ROOT_CONTEXT;
  if (traceparent !== undefined) {
    const [, traceId = "", spanId = "", flags = ""] = traceparent.split("-");
    const traceFlags: TraceFlags = Number.parseInt(flags, 16);
    const traceState = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) };
    context = trace.setSpanContext(context, { traceId, spanId, traceFlags, isRemote: true, ...traceState });
  }
  if (baggage === undefined) return context;
  const entries = Object.fromEntries(baggage.map(([name, value]) => [name, { value }]));
  return propagation.setBaggage(context, propagation.createBaggage(entries));
}
