import cluster from "node:cluster";
import type { Lanes } from "../lanes/lanes.ts";
import { type HealthStatus, healthStatus } from "./health-state.ts";

/** What a primary sends to its worker: `ping` asks how it is, `leave` ends it, as another has taken its place. */
export interface PrimaryMessage {
  readonly offloopPrimary: "ping" | "leave";
}

/** What a worker answers to a ping. */
export interface WorkerMessage {
  readonly offloopHealth: HealthStatus;
}

/** Set for the workers of `offloop run`: a module may use node:cluster for itself. */
export const SUPERVISED = "OFFLOOP_SUPERVISED";

/** Whether a primary of offloop's watches this process. */
export const isSupervised: boolean = cluster.isWorker && process.env[SUPERVISED] !== undefined;

/**
 * In a worker: answers its primary, which takes one that does not answer for hung.
 *
 * @param leave - Called when another worker has taken the place of this one.
 * @returns Answers no more.
 */
export function answerPrimary(lanes: Lanes, leave: () => void): () => void {
  if (!isSupervised) return () => {};
  const onMessage = (message: PrimaryMessage | undefined): void => {
    if (message?.offloopPrimary === "leave") leave();
    if (message?.offloopPrimary !== "ping" || !process.connected) return;
    const answer: WorkerMessage = { offloopHealth: healthStatus(lanes) };
    process.send?.(answer, undefined, undefined, () => {}); // a primary that is gone takes this process with it
  };
  process.on("message", onMessage);
  return () => void process.off("message", onMessage);
}
