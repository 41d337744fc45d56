import { claim, finish, sharedNow } from "../crossing/board.ts";
import { CALL_FIELDS, type CallBatch, type ThreadData } from "../crossing/messages.ts";
import type { CallServices } from "../crossing/request-message.ts";
import { RunHistory } from "../run-history.ts";
import { Outbox } from "./outbox.ts";
import { type ThreadCall, type ThreadChannel, ThreadServices } from "./services.ts";
import type { Runner } from "./work-runner.ts";

interface Received extends ThreadCall {
  readonly work: number;
  readonly payload: unknown;
}

/** The calls a thread holds: it runs one at a time, and sends results in as few messages as their haste allows. */
export class Inbox {
  readonly #channel: ThreadChannel;
  readonly #mayBeEnded: readonly boolean[];
  readonly #waiting: Received[] = [];
  readonly #outbox: Outbox;
  #runner: Runner | undefined;
  #histories: RunHistory[] = [];
  #running = false;
  /** Those of the request that the running call is for. */
  #services: ThreadServices | undefined;

  constructor({ port, board, logLevel, mayBeEnded }: ThreadData) {
    this.#channel = { port, board, logLevel };
    this.#mayBeEnded = mayBeEnded;
    this.#outbox = new Outbox(port);
  }

  /** @param runner - Runs what the indexes in calls stand for. */
  open(runner: Runner): void {
    this.#runner = runner;
    this.#histories = runner.works.map(() => new RunHistory());
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
    if (!this.#running && this.#runner !== undefined) void this.#runAll(this.#runner);
  }

  /** The pool says that nobody waits for a call any more. */
  cancel(ticket: number): void {
    if (ticket === this.#services?.call.ticket) this.#services.cancel();
  }

  /** Sends the results that have not been sent. */
  flush(): void {
    this.#outbox.flush();
  }

  async #runAll(runner: Runner): Promise<void> {
    this.#running = true;
    const { port, board } = this.#channel;
    let ran = 0;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      const startedAt = sharedNow();
      if (!claim(board, call.slot, call.ticket, startedAt)) continue;
      this.#services = undefined;
      const history = this.#histories[call.work] as RunHistory;
      // What is done must not wait behind what may take long, nor go down with what may be ended.
      if (!history.isQuick || this.#mayBeEnded[call.work]) this.flush();
      const start = performance.now();
      const { payload, transfer } = await runner.run(call.work, call.payload, this.#servicesOf(call));
      const runMs = performance.now() - start;
      finish(board, call.slot);
      ran++;
      history.record(runMs);
      this.#outbox.add(call.slot, startedAt, runMs, payload, transfer, runner.works[call.work]);
    }
    // The pool took everything back since nothing was started for long: it learns that the thread is there again.
    if (ran === 0) port.postMessage([]);
    this.flush();
    this.#running = false;
  }

  #servicesOf(call: Received): CallServices {
    return {
      begin: (request, operation) => {
        this.#services = new ThreadServices(this.#channel, call, request, operation);
        return this.#services;
      },
      resume: (services) => {
        this.#services = services as ThreadServices;
        this.#services.call = call;
      },
    };
  }
}
