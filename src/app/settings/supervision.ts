import cluster from "node:cluster";

/** Set for the workers of `offloop run`, to their number: a module may also use node:cluster for itself. */
export const SUPERVISED = "OFFLOOP_SUPERVISED";

/** Whether a primary of offloop supervises this process. */
export const isSupervised: boolean = cluster.isWorker && process.env[SUPERVISED] !== undefined;

/** How many workers there are; 0 where no primary of offloop supervises this process. */
export const supervisedWorkers: number = isSupervised ? Number(process.env[SUPERVISED]) : 0;
