import { MessageChannel, receiveMessageOnPort, type Transferable, threadId } from "node:worker_threads";
import { findUncloneable } from "../../app/cloneable.ts";
import type { OutputLine } from "../../app/load/process-output.ts";
import { checkBindings, type Log, type LogFunction, lineOf, logLevels } from "../../app/log.ts";
import type { EnqueuedJob } from "../../app/tasks/jobs.ts";
import type { TaskEnqueuer } from "../../app/tasks/task-declaration.ts";
import { callerLocation } from "../../errors/location.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { type EndedBy, endReasons } from "../../operation/raw.ts";
import { type Board, cancelledBy } from "../crossing/board.ts";
import { packFields, shown } from "../crossing/log-fields.ts";
import type {
  AddedBindings,
  LogLine,
  ProgressReport,
  SyncEnqueue,
  ThreadMessage,
} from "../crossing/messages.ts";
import type { CallAbout, RequestServices } from "../crossing/payloads.ts";
import { type Crossed, type TaskOutcome, unpackThrown } from "../crossing/values.ts";

/** The way from a thread to the event loop. */
export interface Outlet {
  /** @throws {DOMException} `DataCloneError` when the message holds something that cannot cross. */
  postMessage(message: ThreadMessage, transfer?: readonly Transferable[]): void;
}

/** What all services of a thread are made from. */
export interface ThreadChannel {
  readonly outlet: Outlet;
  readonly board: Board;
  readonly logLevel: string;
  /** Names the active span; undefined while nobody collects spans. */
  trace: (() => object) | undefined;
}

/** The fields of a log's lines. */
interface LineFields {
  readonly fields: object;
  /** Adds to them. */
  bind(fields: object): void;
}

/** The fields of a log that serves no request, such as that of a task. */
export class OwnFields implements LineFields {
  fields: object;

  constructor(fields: object) {
    this.fields = fields;
  }

  bind(fields: object): void {
    this.fields = { ...this.fields, ...fields };
  }
}

/** The services of one request in its thread, created on demand. */
export class ThreadServices implements RequestServices, LineFields {
  /** The call that currently runs for the request. */
  call: ThreadCall;
  readonly #channel: ThreadChannel;
  readonly #about: CallAbout;
  #fields: object;
  #signal: CancelSignal | undefined;
  #cancelledBy: EndedBy | undefined;

  constructor(channel: ThreadChannel, call: ThreadCall, about: CallAbout) {
    this.#channel = channel;
    this.call = call;
    this.#about = about;
    this.#fields = about.fields;
  }

  signal(): AbortSignal {
    if (this.#signal === undefined) {
      const reasonOf = (by: EndedBy): string => this.#about.cancelReason ?? endReasons[by];
      this.#signal = createCancelSignal(this.#channel.board, () => this.call, reasonOf);
      if (this.#cancelledBy !== undefined) this.#signal.abort(this.#cancelledBy);
    }
    return this.#signal.signal;
  }

  log(): Log {
    return createThreadLog(this.#channel, this);
  }

  /** The fields of its log lines. */
  get fields(): object {
    return this.#fields;
  }

  bind(fields: object): void {
    this.#fields = { ...this.#fields, ...fields };
    const { slot, ticket } = this.call;
    const bindings = packFields(fields);
    this.#channel.outlet.postMessage({ slot, ticket, bindings } satisfies AddedBindings);
  }

  report(progress: number): void {
    const { slot, ticket } = this.call;
    this.#channel.outlet.postMessage({ slot, ticket, progress } satisfies ProgressReport);
  }

  /** Nobody waits for the request any more. */
  cancel(by: EndedBy): void {
    this.#cancelledBy = by;
    this.#signal?.abort(by);
  }
}

/** A call as its thread knows it. */
export interface ThreadCall {
  readonly slot: number;
  readonly ticket: number;
}

/** A call's signal in its thread. */
export interface CancelSignal {
  readonly signal: AbortSignal;
  /** Aborts it, for code that listens. */
  abort(by: EndedBy): void;
}

/**
 * Makes the signal of a running call. It aborts when the pool says so by message, as any signal does while its code
 * awaits. When queried in the middle of synchronous code it reads the shared memory, so that a loop can stop.
 *
 * @param reasonOf - Returns the reason that the call's code receives.
 * @param call - Returns the call that currently runs for it: a body that is still being produced is pulled by calls of
 * its own.
 */
function createCancelSignal(
  board: Board,
  call: () => ThreadCall,
  reasonOf: (by: EndedBy) => string,
): CancelSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const abort: CancelSignal["abort"] = (by) => controller.abort(new DOMException(reasonOf(by), "AbortError"));
  const aborted = (): boolean => {
    if (signal.reason !== undefined) return true;
    const { slot, ticket } = call();
    const by = cancelledBy(board, slot, ticket);
    if (by !== undefined) abort(by);
    return by !== undefined;
  };
  Object.defineProperties(signal, {
    aborted: { get: aborted },
    throwIfAborted: {
      value: () => {
        if (aborted()) throw signal.reason;
      },
    },
  });
  return { signal, abort };
}

/** Makes a log in a thread: its lines go to the main thread, which writes the one stream. */
export function createThreadLog(channel: ThreadChannel, about: LineFields): Log {
  const writers = logLevels.map((name): [string, LogFunction] => [
    name,
    isWritten(channel, name) ? writer(name) : nothing,
  ]);
  const setBindings: Log["setBindings"] = (fields) => {
    checkBindings(fields);
    about.bind(fields);
  };
  return Object.fromEntries([...writers, ["setBindings", setBindings]]) as unknown as Log;

  function writer(name: LogLine["level"]): LogFunction {
    return (first: object | string, message?: string) => {
      const [own, said] = lineOf(first, message);
      send(channel, name, { ...about.fields, ...own }, said);
    };
  }
}

/** Sends a line that was written past the log. */
export function sendOutput(
  channel: ThreadChannel,
  about: object,
  { level, fields, message }: OutputLine,
): void {
  if (isWritten(channel, level)) send(channel, level, { ...about, ...fields }, message);
}

function isWritten({ logLevel }: ThreadChannel, level: LogLine["level"]): boolean {
  const lowest = (logLevels as readonly string[]).indexOf(logLevel);
  return lowest !== -1 && logLevels.indexOf(level) >= lowest;
}

function send(
  { outlet, trace }: ThreadChannel,
  level: LogLine["level"],
  own: object,
  message?: string,
): void {
  const fields = { ...trace?.(), thread: threadId, ...own };
  try {
    outlet.postMessage({ log: { level, fields: packFields(fields), message } satisfies LogLine });
  } catch {
    // Something in them cannot be read or cloned after all: the line is worth more than how it looks.
    outlet.postMessage({ log: { level, fields: printed(fields), message: message && String(message) } });
  }
}

function printed(fields: object): Crossed {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "object" ? shown(value) : value]),
  );
}

function nothing(): void {}

/**
 * In a thread: makes the main thread store jobs, and blocks until that is done.
 *
 * @param trace - Returns the active context, for the job's trace.
 */
export function threadEnqueuer(outlet: Outlet, trace: () => unknown): TaskEnqueuer {
  const enqueueSync: TaskEnqueuer["enqueueSync"] = ({ name, location }, args, options) => {
    if (options.tx !== undefined) {
      throw new OffloopError(
        "OFFLOOP_JOBS_TRANSACTION",
        `Cannot enqueue task "${name}" in a transaction on a thread: a transaction does not cross`,
        { at: callerLocation(), fix: 'enqueue on the loop: in an async function without runs: "thread"' },
      );
    }
    const unfit = findUncloneable(args, "args");
    if (unfit !== undefined) {
      throw new OffloopError("OFFLOOP_JOB_ARGUMENT", `Cannot enqueue task "${name}": ${unfit} is not JSON`, {
        at: location,
        fix: "pass plain data: ids, text, numbers, lists",
      });
    }
    const { port1, port2 } = new MessageChannel();
    const done = new Int32Array(new SharedArrayBuffer(4));
    const call: SyncEnqueue = { enqueue: name, args, options, trace: trace(), reply: port2, done };
    outlet.postMessage(call, [port2]);
    Atomics.wait(done, 0, 0);
    const received = receiveMessageOnPort(port1) as { readonly message: TaskOutcome };
    const [ok, given] = received.message;
    port1.close();
    if (ok) return given as EnqueuedJob;
    throw unpackThrown(given);
  };
  return {
    enqueueSync,
    enqueue: async (...call) => enqueueSync(...call),
    enqueueForThread: async (task, args, { options }) => enqueueSync(task, args, options),
  };
}
