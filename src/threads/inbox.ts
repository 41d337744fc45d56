import type { MessagePort, Transferable } from "node:worker_threads";
import { findUncloneable } from "../app/cloneable.ts";
import type { Log } from "../app/log.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { failureReply } from "../operation/reply.ts";
import { runOperation } from "../operation/run.ts";
import { type Board, claim, sharedNow } from "./board.ts";
import { type CancelSignal, createCancelSignal } from "./cancel-signal.ts";
import {
  CALL_FIELDS,
  type CallBatch,
  packReply,
  packThrown,
  RESULT_FIELDS,
  ReceivedRequest,
  type ReplyPayload,
  type RequestPayload,
  type ResultBatch,
  type TaskOutcome,
  type ThreadData,
} from "./messages.ts";
import { RunHistory } from "./run-history.ts";
import { createThreadLog } from "./thread-log.ts";
import { OperationWork, type TaskWork, type Work } from "./work.ts";

interface Received {
  readonly slot: number;
  readonly ticket: number;
  readonly work: number;
  readonly payload: unknown;
}

/** The calls a thread holds: it runs one at a time, and sends results in as few messages as their haste allows. */
export class Inbox {
  readonly #port: MessagePort;
  readonly #board: Board;
  readonly #logLevel: string;
  readonly #waiting: Received[] = [];
  #work: readonly Work[] = [];
  #histories: RunHistory[] = [];
  #results: ResultBatch = [];
  #transfer: Transferable[] = [];
  /** What the unsent results are of, in the same order. */
  #resultsOf: Work[] = [];
  #running = false;
  /** The ticket of the running call, and its signal if it asked for one. */
  #ticket = 0;
  #signal: CancelSignal | undefined;

  constructor({ port, board, logLevel }: ThreadData) {
    this.#port = port;
    this.#logLevel = logLevel;
    this.#board = board;
  }

  /** @param work - What the indexes in calls stand for. */
  open(work: readonly Work[]): void {
    this.#work = work;
    this.#histories = work.map(() => new RunHistory());
  }

  receive(batch: CallBatch): void {
    for (let i = 0; i < batch.length; i += CALL_FIELDS) {
      this.#waiting.push({
        slot: batch[i] as number,
        ticket: batch[i + 1] as number,
        work: batch[i + 2] as number,
        payload: batch[i + 3],
      });
    }
    if (!this.#running) void this.#runAll();
  }

  /** The pool says that nobody waits for a call any more. */
  cancel(ticket: number): void {
    if (ticket === this.#ticket) this.#signal?.abort();
  }

  async #runAll(): Promise<void> {
    this.#running = true;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      if (!claim(this.#board, call.slot, call.ticket, sharedNow())) continue;
      this.#ticket = call.ticket;
      this.#signal = undefined;
      const history = this.#histories[call.work] as RunHistory;
      const work = this.#work[call.work] as Work;
      // What is done must not wait behind what may take long.
      if (!history.isQuick) this.#flush();
      const start = performance.now();
      const outcome = await this.#run(work, call);
      const runMs = performance.now() - start;
      history.record(runMs);
      this.#results.push(call.slot, runMs, outcome);
      this.#resultsOf.push(work);
    }
    this.#flush();
    this.#running = false;
  }

  async #run(work: Work, { slot, ticket, payload }: Received): Promise<unknown> {
    if (!(work instanceof OperationWork)) return runTask(work, payload as unknown[]);
    const signal = (): AbortSignal => {
      this.#signal ??= createCancelSignal(this.#board, slot, ticket);
      return this.#signal.signal;
    };
    const [id] = payload as RequestPayload;
    const log = (): Log => createThreadLog(this.#port, this.#logLevel, id, work.id);
    const request = new ReceivedRequest(payload as RequestPayload, signal, log);
    const reply = await runOperation(work.compiled, request, true);
    const packed = packReply(reply);
    this.#transfer.push(...packed.transfer);
    return packed.payload;
  }

  #flush(): void {
    if (this.#results.length === 0) return;
    const results = this.#results;
    const transfer = this.#transfer;
    const works = this.#resultsOf;
    this.#results = [];
    this.#transfer = [];
    this.#resultsOf = [];
    try {
      this.#port.postMessage(results, transfer);
    } catch {
      for (const [index, work] of works.entries())
        this.#sendOne(results.slice(index * RESULT_FIELDS, (index + 1) * RESULT_FIELDS), work);
    }
  }

  #sendOne(result: ResultBatch, work: Work): void {
    try {
      this.#port.postMessage(result);
    } catch (cause) {
      this.#port.postMessage([result[0], result[1], uncloneable(work, result[2], cause)]);
    }
  }
}

async function runTask({ declaration }: TaskWork, args: unknown[]): Promise<TaskOutcome> {
  try {
    return [true, await declaration.fn(...args)];
  } catch (thrown) {
    return [false, packThrown(thrown)];
  }
}

function uncloneable(work: Work, outcome: unknown, cause: unknown): unknown {
  const isOperation = work instanceof OperationWork;
  const found = isOperation
    ? findUncloneable((outcome as ReplyPayload)[4], "background")
    : findUncloneable((outcome as TaskOutcome)[1], "result");
  const error = new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot send back what ${work.id} gave: ${found ?? String(cause)} cannot cross between threads`,
    {
      at: work.declaration.location,
      fix: "give plain data: what structuredClone accepts",
      cause,
    },
  );
  return isOperation
    ? packReply(failureReply(error)).payload
    : ([false, packThrown(error)] satisfies TaskOutcome);
}
