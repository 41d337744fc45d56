import type { MessagePort } from "node:worker_threads";
import type { Log } from "../app/log.ts";
import type { Board } from "./board.ts";
import { type CancelSignal, createCancelSignal, type ThreadCall } from "./cancel-signal.ts";
import type { RequestServices } from "./packed-request.ts";
import { createThreadLog } from "./thread-log.ts";

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
