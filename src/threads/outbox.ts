import type { MessagePort, Transferable } from "node:worker_threads";
import { findUncloneable } from "../app/cloneable.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { failureReply } from "../operation/reply.ts";
import { RESULT_FIELDS, type ResultBatch } from "./messages.ts";
import { packReply, type ReplyPayload } from "./packed-reply.ts";
import { packThrown, type TaskOutcome } from "./thrown.ts";
import type { Work } from "./work.ts";

/** The results a thread has not sent yet. */
export class Outbox {
  readonly #port: MessagePort;
  #results: ResultBatch = [];
  #transfer: Transferable[] = [];
  /** What the results are of, in the same order. */
  #works: (Work | undefined)[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
  }

  add(
    slot: number,
    startedAt: number,
    runMs: number,
    outcome: unknown,
    transfer: readonly Transferable[],
    work: Work | undefined,
  ): void {
    this.#results.push(slot, startedAt, runMs, outcome);
    if (transfer.length > 0) this.#transfer.push(...transfer);
    this.#works.push(work);
  }

  /** Sends them as one message; what cannot cross is named, and the others are sent. */
  flush(): void {
    if (this.#results.length === 0) return;
    const results = this.#results;
    const transfer = this.#transfer;
    const works = this.#works;
    this.#results = [];
    this.#transfer = [];
    this.#works = [];
    try {
      this.#port.postMessage(results, transfer);
    } catch {
      for (const [index, work] of works.entries())
        this.#sendOne(results.slice(index * RESULT_FIELDS, (index + 1) * RESULT_FIELDS), work);
    }
  }

  #sendOne(result: ResultBatch, work: Work | undefined): void {
    try {
      this.#port.postMessage(result);
    } catch (cause) {
      this.#port.postMessage([result[0], result[1], result[2], uncloneable(work, result[3], cause)]);
    }
  }
}

function uncloneable(work: Work | undefined, outcome: unknown, cause: unknown): unknown {
  const isReply = (outcome as unknown[]).length > 2;
  const found = isReply
    ? findUncloneable((outcome as ReplyPayload)[4], "background")
    : findUncloneable((outcome as TaskOutcome)[1], "result");
  const error = new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot send back what ${work?.id} gave: ${found ?? String(cause)} cannot cross between threads`,
    {
      at: work?.declaration.location,
      fix: "give plain data: what structuredClone accepts",
      cause,
    },
  );
  return isReply
    ? packReply(failureReply(error)).payload
    : ([false, packThrown(error)] satisfies TaskOutcome);
}
