import type { Cluster } from "node:cluster";
import { isMainThread } from "node:worker_threads";

/** Set for the workers of `offloop run`, to their number: a module may also use node:cluster for itself. */
export const SUPERVISED = "OFFLOOP_SUPERVISED";

/** Whether a primary of offloop supervises this process. Each thread loads this file, and none of them node:cluster. */
export const isSupervised: boolean =
  isMainThread && process.env[SUPERVISED] !== undefined && isClusterWorker();

/** How many workers there are; 0 where no primary of offloop supervises this process. */
export const supervisedWorkers: number = isSupervised ? Number(process.env[SUPERVISED]) : 0;

function isClusterWorker(): boolean {
  // Its types are those of an import, which has the object as its default.
  return (process.getBuiltinModule("node:cluster") as unknown as Cluster).isWorker;
}
