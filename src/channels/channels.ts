import { type Channel, channel } from "node:diagnostics_channel";
import type { BlockReport } from "./block-report.ts";

/** A request of a declared operation came in or was answered. Published on {@link requestChannel}. */
export type RequestEvent =
  | {
      /** It was routed to its operation. */
      readonly event: "start";
      /** Its number in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
    }
  | {
      /** Its response was sent, or its client hung up. */
      readonly event: "end";
      /** Its number in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** Of the response. */
      readonly status: number;
      /** From routing to the end of the response, in milliseconds. */
      readonly durationMs: number;
    };

/** An operation started to run on its lane, or ended. Published on {@link operationChannel}. */
export type OperationEvent =
  | {
      /** It was handed to its lane. */
      readonly event: "start";
      /** Its number in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** Where it runs. */
      readonly lane: "loop" | "thread";
    }
  | {
      /** It gave its reply. */
      readonly event: "end";
      /** Its number in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** Where it ran. */
      readonly lane: "loop" | "thread";
      /** The thread it ran on: `node:worker_threads` threadId; 0 is the loop; undefined when none had started it. */
      readonly thread: number | undefined;
      /** How long it waited for a thread, in milliseconds; 0 on the loop. */
      readonly queueMs: number;
      /** How long it ran, in milliseconds. */
      readonly runMs: number;
      /** Of its reply. */
      readonly status: number;
    };

/** A thread of the pool started, left or ended. Published on {@link threadChannel}. */
export interface ThreadEvent {
  /**
   * `start`: ready for calls. `leave`: idle for long enough. `exit`: ended on its own. `kill`: ended since its call ran
   * past its deadline.
   */
  readonly event: "start" | "leave" | "exit" | "kill";
  /** The thread's number: `node:worker_threads` threadId. */
  readonly thread: number;
  /** Threads in the pool after this event. */
  readonly threads: number;
  /** What it ran when it was killed, and where in the source that is declared; undefined for other events. */
  readonly ran?: KilledCall | undefined;
}

/** What a thread ran when it was killed. */
export interface KilledCall {
  /** `GET /report`, or `task resize`. */
  readonly work: string;
  /** File in which it is declared. */
  readonly file: string;
  /** Line there, from 1. */
  readonly line: number;
}

/** A task started to run on its lane, or ended. Published on {@link taskChannel}. */
export type TaskEvent =
  | {
      /** It was handed to its lane. */
      readonly event: "start";
      /** The number of this run of it, unique in the process. */
      readonly run: number;
      /** Its name. */
      readonly task: string;
      /** Where it runs. */
      readonly lane: "loop" | "thread";
      /** The request it runs after; undefined when it was called. */
      readonly request: string | undefined;
    }
  | {
      /** It returned or threw. */
      readonly event: "end";
      /** The number of this run of it, unique in the process. */
      readonly run: number;
      /** Its name. */
      readonly task: string;
      /** Where it ran. */
      readonly lane: "loop" | "thread";
      /** The request it ran after; undefined when it was called. */
      readonly request: string | undefined;
      /** The thread it ran on: `node:worker_threads` threadId; 0 is the loop; undefined when none had started it. */
      readonly thread: number | undefined;
      /** How long it waited for a thread, in milliseconds; 0 on the loop. */
      readonly queueMs: number;
      /** How long it ran, in milliseconds. */
      readonly runMs: number;
      /** Whether it returned. */
      readonly ok: boolean;
      /** The stack of what it threw, innermost call first, without its message, which may hold data. */
      readonly stack: readonly string[];
    };

/** `offloop.request`: a request came in or was answered. */
export const requestChannel: Channel<unknown, RequestEvent> = open("offloop.request");
/** `offloop.operation`: an operation started to run, or ended. */
export const operationChannel: Channel<unknown, OperationEvent> = open("offloop.operation");
/** `offloop.thread`: a thread started, left or ended. */
export const threadChannel: Channel<unknown, ThreadEvent> = open("offloop.thread");
/** `offloop.task`: a task started to run, or ended. */
export const taskChannel: Channel<unknown, TaskEvent> = open("offloop.task");
/** `offloop.blocked`: the event loop was blocked, and turns again. */
export const blockedChannel: Channel<unknown, BlockReport> = open("offloop.blocked");

function open<Event>(name: string): Channel<unknown, Event> {
  return channel(name) as Channel<unknown, Event>;
}
