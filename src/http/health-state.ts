import type { Lanes } from "../lanes/lanes.ts";

/** What a probe answers. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: { readonly status: HealthStatus | "blocked" | "starting"; readonly blockedMs?: number };
}

/** `closing`: shutting down. `threads`: no thread can load the app, or each is kept by a call without end. */
export const healthStatuses = ["ready", "closing", "threads"] as const;
export type HealthStatus = (typeof healthStatuses)[number];

/** A loop that has not turned for so long is blocked. */
const BLOCKED_MS = 1_000;
/** A loop that has been blocked for so long does not come back: the process should be restarted. */
const DEAD_MS = 30_000;

export function healthStatus({ closing, pool }: Lanes): HealthStatus {
  if (closing) return "closing";
  return pool?.isDown === true ? "threads" : "ready";
}

/**
 * The answer of a probe. Liveness only fails when a restart would help; readiness whenever requests would not be
 * answered now.
 *
 * @param silentMs - How long the loop has not turned.
 */
export function healthAnswer(
  probe: "livez" | "readyz",
  status: HealthStatus,
  silentMs: number,
): HealthAnswer {
  const blocked = silentMs >= BLOCKED_MS;
  const fails = probe === "livez" ? silentMs >= DEAD_MS : blocked || status !== "ready";
  const body = blocked ? { status: "blocked" as const, blockedMs: Math.round(silentMs) } : { status };
  return { status: fails ? 503 : 200, body };
}
