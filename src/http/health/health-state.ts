import type { Lanes } from "../../lanes/lanes.ts";

/** The answer to a probe. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: { readonly status: HealthStatus | "blocked"; readonly blockedMs?: number };
}

/**
 * `starting`: not open yet. `closing`: shutting down. `threads`: no thread can load the app, or every thread is held by a
 * call that does not end. `jobs`: the thread of the embedded jobs database has ended, and no other has it open yet.
 */
export const healthStatuses = ["ready", "starting", "closing", "threads", "jobs"] as const;
export type HealthStatus = (typeof healthStatuses)[number];

/** A loop that has not turned for this long is blocked. */
const BLOCKED_MS = 1_000;
/** A loop that has been blocked for this long will not recover: the process should be restarted. */
const DEAD_MS = 30_000;

/** @param jobs - Undefined when no task is durable. */
export function healthStatus(
  { closing, pool }: Lanes,
  jobs: { readonly isDown: boolean } | undefined,
): HealthStatus {
  if (closing) return "closing";
  if (pool?.isDown === true) return "threads";
  return jobs?.isDown === true ? "jobs" : "ready";
}

/**
 * Returns the answer to a probe. Liveness fails only when a restart would help; readiness whenever requests would not
 * be answered now.
 *
 * @param silentMs - How long ago the loop last turned.
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
