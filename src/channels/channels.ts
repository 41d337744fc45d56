import { type Channel, channel, subscribe, unsubscribe } from "node:diagnostics_channel";

/** A request to a declared operation came in or was answered. Published on {@link requestChannel}. */
export type RequestEvent =
  | {
      /** It was routed to its operation. */
      readonly event: "start";
      /** Its id in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
    }
  | {
      /** Its response was sent, or ended without that. */
      readonly event: "end";
      /** Its id in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** The status of the response. If none was sent, 499 where its client had gone, 503 where the server shut down. */
      readonly status: number;
      /** From routing to the end of the response, in milliseconds. */
      readonly durationMs: number;
      /** How the response ended. */
      readonly outcome: ResponseOutcome;
    };

/**
 * How a response ended. `sent`: whole. `broken`: the source of its stream threw in the middle. `gone`: its client hung up
 * before it had all of it. `cut`: the server shut down, and the grace time was over.
 */
export type ResponseOutcome = "sent" | "broken" | "gone" | "cut";

/** An operation started to run on its lane, or ended. Published on {@link operationChannel}. */
export type OperationEvent =
  | {
      /** It was handed to its lane. */
      readonly event: "start";
      /** Its id in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** Where it runs. */
      readonly lane: "loop" | "thread";
    }
  | {
      /** It produced its reply. */
      readonly event: "end";
      /** Its id in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** Where it ran. */
      readonly lane: "loop" | "thread";
      /** The thread it ran on: `node:worker_threads` threadId; 0 is the loop; undefined when no thread had started it. */
      readonly thread: number | undefined;
      /** How long it waited for a thread, in milliseconds; 0 on the loop. */
      readonly queueMs: number;
      /** How long it ran, in milliseconds. */
      readonly runMs: number;
      /** Why it never ran on its thread; undefined when it ran. */
      readonly refused: RefusalReason | undefined;
      /** The status of its reply. */
      readonly status: number;
      /** What was thrown; undefined when nothing was, or when it was meant for the client, as an `HTTPError` below 500. */
      readonly error: ThrownError | undefined;
    };

/** Chunks of a response's stream were asked for, or came. Published on {@link chunksChannel}. */
export type ChunksEvent =
  | {
      /** They were asked for: the client has taken those before. */
      readonly event: "start";
      /** The request's id in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** Where they are produced. */
      readonly lane: "loop" | "thread";
    }
  | {
      /** They came, or the stream ended or failed. */
      readonly event: "end";
      /** The request's id in the log. */
      readonly request: string;
      /** `GET /items/:item_id`. */
      readonly operation: string;
      /** Where they were produced. */
      readonly lane: "loop" | "thread";
      /** The thread they were produced on: `node:worker_threads` threadId; 0 is the loop; undefined when it had ended. */
      readonly thread: number | undefined;
      /** How long they waited for their thread, in milliseconds; 0 on the loop. */
      readonly queueMs: number;
      /** How long they took, in milliseconds: what the stream waited for is included. */
      readonly runMs: number;
      /** What the stream threw; undefined when nothing was, or when its client had gone. */
      readonly error: ThrownError | undefined;
    };

/** What an operation or a task threw. The message may contain data of the request. */
export interface ThrownError {
  /** The name of its class, or its `typeof` if it is not an error. */
  readonly type: string;
  /** Its message, or the thrown value as text. */
  readonly message: string;
  /** Its `code`, if it has one. */
  readonly code: string | undefined;
  /** Its stack, innermost call first, without the message. */
  readonly stack: readonly string[];
}

/**
 * Why a call never ran on a thread. `queue_full`: the thread queue is full. `threads_down`: no thread can load the app.
 * `client_gone`: its client hung up while it waited. `closing`: the server shut down.
 */
export type RefusalReason = "queue_full" | "threads_down" | "client_gone" | "closing";

/** A thread of the pool started, left or ended. Published on {@link threadChannel}. */
export interface ThreadEvent {
  /**
   * `start`: ready for calls. `fail`: did not load the app. `leave`: idle for long enough. `exit`: ended on its own.
   * `kill`: ended together with the call it ran (`ran.reason` says why), or because it no longer took calls.
   */
  readonly event: "start" | "fail" | "leave" | "exit" | "kill";
  /** The thread's number: `node:worker_threads` threadId. */
  readonly thread: number;
  /** Threads in the pool after this event. */
  readonly threads: number;
  /** What it ran when it was killed, and where in the source that is declared; undefined when it ran nothing. */
  readonly ran?: KilledCall | undefined;
}

/** What a thread ran when it was killed, and why it was. */
export interface KilledCall {
  /**
   * `deadline`: it ran past its deadline. `cancelled`: whoever called it wanted it ended, as with a cancelled job.
   * `abandoned`: its client had gone, and it still produced a reply.
   */
  readonly reason: "deadline" | "cancelled" | "abandoned";
  /** `GET /report`, or `task resize`. */
  readonly work: string;
  /** The file that declares it. */
  readonly file: string;
  /** The line in that file, from 1. */
  readonly line: number;
}

/** A task started to run on its lane, or ended. Published on {@link taskChannel}. */
export type TaskEvent =
  | {
      /** It was handed to its lane. */
      readonly event: "start";
      /** The number of this run, unique in the process. */
      readonly run: number;
      /** Its name. */
      readonly task: string;
      /** Where it runs. */
      readonly lane: "loop" | "thread";
      /** The request it runs after; undefined when it was called directly, or is an attempt of a job. */
      readonly request: string | undefined;
      /** The job it is an attempt of. */
      readonly job: string | undefined;
    }
  | {
      /** It returned or threw. */
      readonly event: "end";
      /** The number of this run, unique in the process. */
      readonly run: number;
      /** Its name. */
      readonly task: string;
      /** Where it ran. */
      readonly lane: "loop" | "thread";
      /** The request it ran after; undefined when it was called directly, or was an attempt of a job. */
      readonly request: string | undefined;
      /** The job it was an attempt of. */
      readonly job: string | undefined;
      /** Whether it was broken off because its job was cancelled or the server shut down: then it has not failed. */
      readonly cancelled: boolean;
      /** The thread it ran on: `node:worker_threads` threadId; 0 is the loop; undefined when no thread had started it. */
      readonly thread: number | undefined;
      /** How long it waited for a thread, in milliseconds; 0 on the loop. */
      readonly queueMs: number;
      /** How long it ran, in milliseconds. */
      readonly runMs: number;
      /** Why it never ran on its thread; undefined when it ran. */
      readonly refused: RefusalReason | undefined;
      /** Whether it returned. */
      readonly ok: boolean;
      /** What it threw; undefined when it returned. */
      readonly error: ThrownError | undefined;
    };

/** An attempt of a job began, or ended. Published on {@link jobChannel}. */
export type JobEvent =
  | {
      /** It was handed to its lane. */
      readonly event: "start";
      /** The job's id. */
      readonly job: string;
      /** The task's name. */
      readonly task: string;
      /** Where it runs. */
      readonly lane: "loop" | "thread";
      /** Its number, from 1. */
      readonly attempt: number;
    }
  | {
      /** It ended, or was broken off. */
      readonly event: "end";
      /** The job's id. */
      readonly job: string;
      /** The task's name. */
      readonly task: string;
      /** Where it ran. */
      readonly lane: "loop" | "thread";
      /** Its number, from 1. */
      readonly attempt: number;
      /** How it ended, in the terms of `JobAttempt`. */
      readonly outcome: "done" | "failed" | "dead" | "cancelled" | "interrupted" | "lost";
      /** From its start to its end, in milliseconds. */
      readonly runMs: number;
    };

/** `offloop.request`: a request came in or was answered. */
export const requestChannel: Channel<unknown, RequestEvent> = open("offloop.request");
/** `offloop.operation`: an operation started to run, or ended. */
export const operationChannel: Channel<unknown, OperationEvent> = open("offloop.operation");
/** `offloop.chunks`: chunks of a stream were asked for, or came. */
export const chunksChannel: Channel<unknown, ChunksEvent> = open("offloop.chunks");
/** `offloop.thread`: a thread started, left or ended. */
export const threadChannel: Channel<unknown, ThreadEvent> = open("offloop.thread");
/** `offloop.task`: a task started to run, or ended. */
export const taskChannel: Channel<unknown, TaskEvent> = open("offloop.task");
/** `offloop.job`: an attempt of a job began, or ended. */
export const jobChannel: Channel<unknown, JobEvent> = open("offloop.job");
/** `offloop.blocked`: the event loop was blocked, and turns again. */
export const blockedChannel: Channel<unknown, BlockReport> = open("offloop.blocked");

function open<Event>(name: string): Channel<unknown, Event> {
  return channel(name) as Channel<unknown, Event>;
}

/** A period in which the event loop did not turn, and what kept it from turning. Milliseconds throughout. */
export interface BlockReport {
  /** When it began: milliseconds since 1970. */
  readonly startedAt: number;
  /** How long the loop did not turn. Does not include time that it would have slept anyway. */
  readonly durationMs: number;
  /**
   * The state of the main thread meanwhile. `computing`: it used the CPU. `asleep`: it waited in a synchronous call.
   * `starved`: there would have been no block if other processes or threads had not had the CPU; known on Linux only.
   */
  readonly state: "computing" | "asleep" | "starved";
  /** How much of it the main thread was on the CPU. */
  readonly cpuMs: number;
  /**
   * How much of it the main thread was ready to run while others had the CPU; undefined where the system does not
   * report it.
   */
  readonly delayMs?: number | undefined;
  /** How much of it garbage collection took. */
  readonly gcMs: number;
  /** Requests that came meanwhile and could not be read; counted by connection. */
  readonly waitedRequests: number;
  /**
   * What was seen running, the most frequently seen first. Empty when the watchdog could not
   * look, or when it was starved.
   */
  readonly culprits: readonly BlockCulprit[];
}

/** What was seen running while the event loop was blocked. */
export interface BlockCulprit {
  /** `GET /items/:item_id`, or `task resize`. Undefined: code that belongs to no operation. */
  readonly operation: string | undefined;
  /** The request it ran for, as in the log; undefined when not known. */
  readonly request: string | undefined;
  /** Whether it was seen running. False: it was seen just after, and any of `candidates` may have been running before it. */
  readonly certain: boolean;
  /**
   * Operations in progress then, if it was seen just after. Empty when it is certain, when it is one of many, or when
   * it is doubted only because other processes had the CPU for most of the block.
   */
  readonly candidates: readonly string[];
  /** True when it was one of many short runs in one turn of the loop, none of which is to blame by itself. */
  readonly oneOfMany?: true;
  /** The innermost line of the user's own code; undefined when not known. */
  readonly at: BlockPlace | undefined;
  /** The innermost line in an installed package, when `at` called into one. */
  readonly within: BlockPlace | undefined;
  /** How often it was seen. */
  readonly samples: number;
}

/** A place in source code where the event loop was blocked. */
export interface BlockPlace {
  /** Absolute path of the source file: the TypeScript one where there is a source map. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1; undefined when only the line is known. */
  readonly column: number | undefined;
  /** The function's name, if it has one. */
  readonly functionName: string | undefined;
  /**
   * `exact`: this line. `near`: this line, or a native call that returned just before it. `function`: the line of the
   * function that blocked, somewhere inside it.
   */
  readonly precision: "exact" | "near" | "function";
}

/** Where something ran and for how long, filled in by the lane that ran it, if anyone wants to know. */
export interface RunRecord {
  /** The thread it ran on; 0 is the loop; undefined while no thread has started it. */
  thread: number | undefined;
  /** How long it waited for a thread, in milliseconds. */
  queueMs: number;
  /** How long it ran, in milliseconds. */
  runMs: number;
  /** Why it never ran; undefined while that is not ruled out. */
  refused: RefusalReason | undefined;
}

/** A record for a lane to fill in. */
export function newRecord(): RunRecord {
  return { thread: undefined, queueMs: 0, runMs: 0, refused: undefined };
}

/** Records that it has run on the loop since this time, from `performance.now()`. */
export function recordLoop(record: RunRecord, since: number): void {
  record.thread = 0;
  record.runMs = performance.now() - since;
}

/** Calls a function with every event of a channel. Returns the function that ends this. */
export function listen<Event>(
  { name }: Channel<unknown, Event>,
  onEvent: (event: Event) => void,
): () => void {
  const onMessage = (message: unknown): void => onEvent(message as Event);
  subscribe(name, onMessage);
  return () => void unsubscribe(name, onMessage);
}
