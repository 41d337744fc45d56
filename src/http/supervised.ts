import cluster from "node:cluster";
import type { Lanes } from "../lanes/lanes.ts";
import { type HealthStatus, healthStatus } from "./health-state.ts";

/**
 * What a primary sends to its worker: `ping` asks how it is, `leave` ends it, as another has taken its place, `end`
 * ends it, as all end. Not by a signal: one that a supervisor has sent to all of them would make that the second.
 */
export interface PrimaryMessage {
  readonly offloopPrimary: "ping" | "leave" | "end";
}

/** What a worker answers to a ping. */
export interface WorkerMessage {
  readonly offloopHealth: HealthStatus;
}

/** Set for the workers of `offloop run`: a module may use node:cluster for itself. */
export const SUPERVISED = "OFFLOOP_SUPERVISED";

/** Whether a primary of offloop's watches this process. */
export const isSupervised: boolean = cluster.isWorker && process.env[SUPERVISED] !== undefined;

/** What a primary may ask of its worker. */
export interface Orders {
  /** Another worker has taken the place of this one. */
  leave(): void;
  /** All end. */
  end(): void;
}

/**
 * In a worker: answers its primary, which takes one that does not answer for hung, and obeys it.
 *
 * @returns Answers no more.
 */
export function answerPrimary(lanes: Lanes, orders: Orders): () => void {
  if (!isSupervised) return () => {};
  const onMessage = (message: PrimaryMessage | undefined): void => {
    if (message?.offloopPrimary === "leave") orders.leave();
    if (message?.offloopPrimary === "end") orders.end();
    if (message?.offloopPrimary !== "ping" || !process.connected) return;
    const answer: WorkerMessage = { offloopHealth: healthStatus(lanes) };
    process.send?.(answer, undefined, undefined, () => {}); // a primary that is gone takes this process with it
  };
  process.on("message", onMessage);
  return () => void process.off("message", onMessage);
}
