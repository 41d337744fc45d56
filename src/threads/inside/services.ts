import { inspect } from "node:util";
import { type MessagePort, threadId } from "node:worker_threads";
import { type Log, type LogFunction, logLevels } from "../../app/context.ts";
import { type Board, isCancelled } from "../crossing/board.ts";
import type { LogLine } from "../crossing/messages.ts";
import type { RequestServices } from "../crossing/request-message.ts";

/** What all services of a thread are made from. */
export interface ThreadChannel {
  readonly port: MessagePort;
  readonly board: Board;
  readonly logLevel: string;
}

/** The services of one request in its thread, made when someone asks for them. */
export class ThreadServices implements RequestServices {
  /** What runs for the request now. */
  call: ThreadCall;
  readonly #channel: ThreadChannel;
  readonly #request: string;
  readonly #operation: string;
  #signal: CancelSignal | undefined;

  constructor(channel: ThreadChannel, call: ThreadCall, request: string, operation: string) {
    this.#channel = channel;
    this.call = call;
    this.#request = request;
    this.#operation = operation;
  }

  signal(): AbortSignal {
    this.#signal ??= createCancelSignal(this.#channel.board, () => this.call);
    return this.#signal.signal;
  }

  log(): Log {
    return createThreadLog(this.#channel.port, this.#channel.logLevel, this.#request, this.#operation);
  }

  /** Nobody waits for the request any more. */
  cancel(): void {
    this.#signal?.abort();
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
  abort(): void;
}

/**
 * Makes the signal of a running call. It aborts when the pool says so by message, as any signal does while its code
 * awaits; and asked in the middle of synchronous code it looks at the shared memory, so that a loop can stop.
 *
 * @param call - Gives the call that runs for it now: a body that is still made is pulled by calls of its own.
 */
function createCancelSignal(board: Board, call: () => ThreadCall): CancelSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (): void => controller.abort(new DOMException("The client has hung up", "AbortError"));
  const aborted = (): boolean => {
    if (signal.reason !== undefined) return true;
    const { slot, ticket } = call();
    const isSo = isCancelled(board, slot, ticket);
    if (isSo) abort();
    return isSo;
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

/** Makes a request's log in a thread: its lines go to the main thread, which writes the one stream. */
function createThreadLog(port: MessagePort, level: string, request: string, operation: string): Log {
  const lowest = (logLevels as readonly string[]).indexOf(level);
  const writers = logLevels.map((name, urgency): [string, LogFunction] => [
    name,
    lowest === -1 || urgency < lowest ? nothing : writer(name),
  ]);
  return Object.fromEntries(writers) as unknown as Log;

  function writer(name: LogLine["level"]): LogFunction {
    return (first: object | string, message?: string) => {
      const [fields, text] = typeof first === "string" ? [{}, first] : [first, message];
      const line: LogLine = {
        level: name,
        fields: { reqId: request, operation, thread: threadId, ...fields },
        message: text,
      };
      try {
        port.postMessage({ log: line });
      } catch {
        // A field cannot cross: the line is worth more than its shape.
        port.postMessage({
          log: { ...line, fields: { reqId: request, operation, thread: threadId, fields: inspect(fields) } },
        });
      }
    };
  }
}

function nothing(): void {}
