import { type Channel, channel } from "node:diagnostics_channel";

/** A thread of the pool started, left or ended. Published on {@link threadChannel}. */
export interface ThreadEvent {
  /** `start`: ready for calls. `leave`: idle for long enough. `exit`: ended on its own. */
  readonly event: "start" | "leave" | "exit";
  /** The thread's number: `node:worker_threads` threadId. */
  readonly thread: number;
  /** Threads in the pool after this event. */
  readonly threads: number;
}

/** `offloop.thread`: a thread started, left or ended. */
export const threadChannel: Channel<unknown, ThreadEvent> = channel("offloop.thread") as Channel<
  unknown,
  ThreadEvent
>;
