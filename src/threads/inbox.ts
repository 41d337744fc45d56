import type { MessagePort, Transferable } from "node:worker_threads";
import { findUncloneable } from "../app/cloneable.ts";
import type { ErrorHandlers } from "../app/error-handlers.ts";
import type { KeptDependencies } from "../dependencies/kept.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { Place } from "../operation/place.ts";
import { isWhole } from "../operation/raw.ts";
import { failureReply } from "../operation/reply.ts";
import { runOperation } from "../operation/run.ts";
import { type Claims, claim } from "./claims.ts";
import {
  CALL_FIELDS,
  type CallBatch,
  type Packed,
  packReply,
  RESULT_FIELDS,
  ReceivedRequest,
  type ReplyPayload,
  type RequestPayload,
  type ResultBatch,
} from "./messages.ts";
import { type FollowUp, OpenReplies } from "./open-replies.ts";
import { type DependencyPayload, type FailurePayload, runDependency, runErrorHandler } from "./remote.ts";
import { RunHistory } from "./run-history.ts";
import { packThrown, type TaskOutcome } from "./thrown.ts";
import { DependencyWork, OperationWork, TaskWork, type Work } from "./work.ts";

interface Received {
  readonly slot: number;
  readonly ticket: number;
  readonly work: number;
  readonly payload: unknown;
}

/** The calls a thread holds: it runs one at a time, and sends results in as few messages as their haste allows. */
export class Inbox {
  readonly #port: MessagePort;
  readonly #claims: Claims;
  readonly #waiting: Received[] = [];
  readonly #place: Place;
  readonly #open = new OpenReplies();
  #work: readonly Work[] = [];
  #handlers: ErrorHandlers = [];
  #histories: RunHistory[] = [];
  #results: ResultBatch = [];
  #transfer: Transferable[] = [];
  /** What the unsent results are of, in the same order. */
  #resultsOf: Work[] = [];
  #running = false;

  /** @param kept - The values that outlive requests in this thread. */
  constructor(port: MessagePort, claims: Claims, kept: KeptDependencies) {
    this.#port = port;
    this.#claims = claims;
    this.#place = { inThread: true, kept, makeOnThread: isThere, answerOnThread: isThere };
  }

  /**
   * @param work - What the indexes in calls stand for.
   * @param handlers - The app's error handlers.
   */
  open(work: readonly Work[], handlers: ErrorHandlers): void {
    this.#work = work;
    this.#handlers = handlers;
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

  async #runAll(): Promise<void> {
    this.#running = true;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      if (!claim(this.#claims, call.slot, call.ticket)) continue;
      const history = this.#histories[call.work] as RunHistory;
      const work = this.#work[call.work] as Work;
      // What is done must not wait behind what may take long.
      if (!history.isQuick) this.#flush();
      const start = performance.now();
      const outcome = await this.#run(work, call.payload);
      const runMs = performance.now() - start;
      history.record(runMs);
      this.#results.push(call.slot, runMs, outcome);
      this.#resultsOf.push(work);
    }
    this.#flush();
    this.#running = false;
  }

  async #run(work: Work, payload: unknown): Promise<unknown> {
    if (work instanceof TaskWork) return runTask(work, payload as unknown[], this.#handlers);
    if (work instanceof DependencyWork)
      return runDependency(work, payload as DependencyPayload, this.#handlers);
    if (!Array.isArray(payload) && work instanceof OperationWork) return this.#follow(payload as FollowUp);
    const packed =
      work instanceof OperationWork
        ? await this.#runOperation(work, payload as RequestPayload)
        : await runErrorHandler(work, payload as FailurePayload, this.#handlers);
    this.#transfer.push(...packed.transfer);
    return packed.payload;
  }

  async #runOperation(work: OperationWork, payload: RequestPayload): Promise<Packed<ReplyPayload>> {
    const reply = await runOperation(work.compiled, new ReceivedRequest(payload), this.#place);
    return packReply(
      reply,
      isWhole(reply.body) && reply.finish === undefined ? undefined : this.#open.hold(reply),
    );
  }

  async #follow(followUp: FollowUp): Promise<TaskOutcome> {
    try {
      return [true, await this.#open.follow(followUp)];
    } catch (thrown) {
      return [false, packThrown(thrown)];
    }
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

async function isThere(): Promise<never> {
  throw new Error("this is a thread");
}

async function runTask(
  { declaration }: TaskWork,
  args: unknown[],
  handlers: ErrorHandlers,
): Promise<TaskOutcome> {
  try {
    return [true, await declaration.fn(...args)];
  } catch (thrown) {
    return [false, packThrown(thrown, handlers)];
  }
}

function uncloneable(work: Work, outcome: unknown, cause: unknown): unknown {
  const isReply = (outcome as unknown[]).length > 2;
  const found = isReply
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
  return isReply
    ? packReply(failureReply(error)).payload
    : ([false, packThrown(error)] satisfies TaskOutcome);
}
