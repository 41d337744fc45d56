import type { PackedContext } from "../tracing/packed-context.ts";

/** What a call carries where runs are traced. */
export interface TracedPayload {
  /** The span it belongs to. */
  readonly trace: PackedContext;
  /** What it carries anyway. */
  readonly payload: unknown;
}

/** What a call carries besides its trace. */
export function untraced(payload: unknown): unknown {
  return typeof payload === "object" && payload !== null && "trace" in payload
    ? (payload as TracedPayload).payload
    : payload;
}
