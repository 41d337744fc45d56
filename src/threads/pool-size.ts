/** The threads of a pool at one moment. */
export interface PoolSize {
  /** Threads that have loaded the app. */
  readonly threads: number;
  /** How many of them hold a call. */
  readonly busy: number;
  /** How many calls wait for a thread. */
  readonly waiting: number;
}
