import type { MessagePort, Transferable } from "node:worker_threads";
import { OffloopError } from "../../errors/offloop-error.ts";
import { errorReply } from "../../operation/error-reply.ts";
import { RESULT_FIELDS, type ResultBatch } from "../crossing/messages.ts";
import { packReply } from "../crossing/reply-message.ts";
import { packThrown, type TaskOutcome } from "../crossing/thrown.ts";
import type { Work } from "../crossing/work.ts";

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
  const error = unsendable(work, String(cause));
  return (outcome as unknown[]).length > 2
    ? packReply(errorReply(error)).payload
    : ([false, packThrown(error)] satisfies TaskOutcome);
}

/** What a piece of work gave cannot cross. */
export function unsendable(work: Pick<Work, "id" | "declaration"> | undefined, found: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot send back what ${work?.id} gave: ${found} cannot cross between threads`,
    {
      at: work?.declaration.location,
      fix: "give plain data: objects and lists without functions and without instances of classes",
    },
  );
}
