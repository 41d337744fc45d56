/** The threads of a pool at one moment. */
export interface PoolSize {
  /** Threads that have loaded the app. */
  readonly threads: number;
  /** How many of them hold a call. */
  readonly busy: number;
  /** How many calls wait for a thread. */
  readonly waiting: number;
  /** How many of these are background tasks. */
  readonly waitingTasks: number;
}

/** Of an app that runs nothing on threads. */
export const noThreads: PoolSize = { threads: 0, busy: 0, waiting: 0, waitingTasks: 0 };
