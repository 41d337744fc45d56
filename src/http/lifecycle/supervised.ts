import { isSupervised } from "../../app/settings/supervision.ts";
import type { HealthStatus } from "../health/health-state.ts";

/**
 * A message from a primary to its worker: `ping` asks for its state; `leave` ends it because another has taken its
 * place; `end` ends it because all end. A signal would not do: where a supervisor has signalled all processes, it would
 * count as the second one.
 */
export interface PrimaryMessage {
  readonly offloopPrimary: "ping" | "leave" | "end";
}

/** A worker's answer to a ping. */
export interface WorkerMessage {
  readonly offloopHealth: HealthStatus;
}

/** Orders that a primary may give its worker. */
export interface Orders {
  /** Another worker has taken this one's place. */
  leave(): void;
  /** All workers end. */
  end(): void;
}

/**
 * In a worker: obeys its primary, and answers it, since the primary considers a worker that does not answer hung.
 *
 * @returns Stops answering.
 */
export function answerPrimary(readStatus: () => HealthStatus, orders: Orders): () => void {
  if (!isSupervised) return () => {};
  const onMessage = (message: PrimaryMessage | undefined): void => {
    if (message?.offloopPrimary === "leave") orders.leave();
    if (message?.offloopPrimary === "end") orders.end();
    if (message?.offloopPrimary !== "ping" || !process.connected) return;
    const answer: WorkerMessage = { offloopHealth: readStatus() };
    process.send?.(answer, undefined, undefined, () => {}); // when the primary has gone, this process ends with it
  };
  process.on("message", onMessage);
  return () => void process.off("message", onMessage);
}
