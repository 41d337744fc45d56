import { AsyncLocalStorage } from "node:async_hooks";
import { MessageChannel, type MessagePort, type Transferable } from "node:worker_threads";
import { thrownText } from "../../errors/described-error.ts";
import { errorReply } from "../../operation/error-reply.ts";
import { claim, countRelayed, finish, renew, sharedNow, tellAwaiting } from "../crossing/board.ts";
import { SaidMessages } from "../crossing/flow.ts";
import {
  CALL_FIELDS,
  type CallBatch,
  type Control,
  RELAY_AFTER_MS,
  RESULT_FIELDS,
  type Relayed,
  type RelayWay,
  type ResultBatch,
  type TakenCount,
  type ThreadData,
  type ThreadMessage,
} from "../crossing/messages.ts";
import { type CallServices, isPull, isReplyPayload, type Packed, packReply } from "../crossing/payloads.ts";
import { packThrown, type TaskOutcome } from "../crossing/values.ts";
import { MessageWork, OperationWork, RunHistory, TaskWork, type Work } from "../crossing/work.ts";
import { type Outlet, type ThreadCall, type ThreadChannel, ThreadServices } from "./services.ts";
import { type Sharer, Turns } from "./turns.ts";
import { type Runner, unsendable } from "./work-runner.ts";

interface Received extends ThreadCall {
  readonly work: number;
  readonly payload: unknown;
}

type Cancelled = Extract<Control, { readonly cancelled: number }>;

/** A call between its start and its end. */
interface Run extends Sharer {
  readonly call: Received;
  readonly work: Work;
  /** From `sharedNow`. */
  readonly startedAt: number;
  /** From `performance.now()`. */
  readonly start: number;
  /** The services of the request that it is for. */
  services: ThreadServices | undefined;
  isOver: boolean;
}

/**
 * The calls a thread holds. It runs one at a time, and beside it, while it awaits, what concerns something that is open
 * here: the call may be waiting for just that, like a connection that goes back. Results are sent in as few messages as
 * their urgency allows.
 */
export class Inbox {
  readonly #channel: ThreadChannel;
  readonly #mayBeEnded: readonly boolean[];
  readonly #waiting: Received[] = [];
  readonly #outlet: RelayedOutlet;
  readonly #outbox: Outbox;
  #runner: Runner | undefined;
  #histories: RunHistory[] = [];
  #isTaking = false;
  #current: Run | undefined;
  /** The pinned calls that run, each with its end. */
  readonly #beside = new Map<Run, Promise<void>>();
  /** The pinned call whose code is running, though others run. Calls that run one at a time do not pay for this. */
  readonly #pinned = new AsyncLocalStorage<Run>();
  readonly #turns: Turns;

  /**
   * Runs a call in the asynchronous context that the thread began with: what another call has entered by `enterWith`,
   * such as its user, must not be there. One message may bring several calls, and each is started where the one before
   * it has ended.
   */
  readonly #apart = AsyncLocalStorage.snapshot();

  /** @param onLeave - Called when the pool asks the thread to end. */
  constructor(
    port: MessagePort,
    { board, taken, logLevel, mayBeEnded }: Pick<ThreadData, "board" | "taken" | "logLevel" | "mayBeEnded">,
    onLeave: () => void,
  ) {
    const outlet = new RelayedOutlet(port, taken);
    this.#outlet = outlet;
    this.#channel = { outlet, board, logLevel, trace: undefined };
    this.#mayBeEnded = mayBeEnded;
    this.#turns = new Turns(
      board,
      () => this.#speaking,
      () => this.#runs,
    );
    this.#outbox = new Outbox(outlet, (work) => this.#runner?.works[work]);
    // This also keeps the thread alive until the pool ends it.
    port.on("message", (message: CallBatch | Control) => {
      if (Array.isArray(message)) this.#receive(message);
      else if ("cancelled" in message) this.#cancel(message);
      else if ("relay" in message) outlet.relayBy(message.relay);
      else onLeave();
    });
  }

  get channel(): ThreadChannel {
    return this.#channel;
  }

  /** What log lines say about the request or task that is running; empty when there is none. */
  get about(): object {
    return this.#speaking?.services?.fields ?? {};
  }

  /** The name of the operation or task whose function is running; undefined where it may be another's dependency. */
  get running(): string | undefined {
    const work = this.#speaking?.work;
    if (work instanceof TaskWork) return `task "${work.declaration.name}"`;
    return work instanceof OperationWork || work instanceof MessageWork ? work.id : undefined;
  }

  /** The run whose code is running now; undefined for what a pinned call has left running. */
  get #speaking(): Run | undefined {
    const pinned = this.#pinned.getStore();
    if (pinned === undefined) return this.#current;
    return pinned.isOver ? undefined : pinned;
  }

  /**
   * @param runner - Runs the work that the indexes in calls stand for.
   * @param trace - Names the active span in log lines.
   */
  open(runner: Runner, trace: ThreadChannel["trace"]): void {
    this.#channel.trace = trace;
    this.#runner = runner;
    this.#histories = runner.works.map(() => new RunHistory());
  }

  #receive(batch: CallBatch): void {
    const runner = this.#runner as Runner; // calls come only once it says that it is ready
    for (let i = 0; i < batch.length; i += CALL_FIELDS) {
      const call: Received = {
        slot: batch[i] as number,
        ticket: batch[i + 1] as number,
        work: batch[i + 2] as number,
        payload: batch[i + 3],
      };
      if (batch[i + 4] === true) this.#runBeside(runner, call);
      else this.#waiting.push(call);
    }
    if (!this.#isTaking && this.#waiting.length > 0) void this.#runAll(runner);
  }

  /** The pool reports that nobody waits for a call any more. */
  #cancel({ cancelled, by }: Cancelled): void {
    for (const { services } of this.#runs) if (services?.call.ticket === cancelled) services.cancel(by);
  }

  /** All that run. */
  get #runs(): Run[] {
    const beside = [...this.#beside.keys()];
    return this.#current === undefined ? beside : [this.#current, ...beside];
  }

  /** Calls began or ended: watches whose turn it is while the one that runs has others beside it. */
  #watchTurns(): void {
    const isShared = this.#current !== undefined && this.#beside.size > 0;
    if (isShared && this.#runs.some(({ call }) => this.#mayBeEnded[call.work])) this.#turns.watch();
    else this.#turns.rest();
  }

  /** Sends all unsent results. */
  flush(): void {
    this.#outbox.flush();
  }

  async #runAll(runner: Runner): Promise<void> {
    this.#isTaking = true;
    let ran = 0;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      if (this.#beside.size > 0) await this.#besideEnded();
      const run = this.#begin(runner, call);
      if (run === undefined) continue;
      this.#current = run;
      const outcome = await this.#apart(() => this.#start(runner, run));
      this.#current = undefined;
      if (this.#beside.size > 0) this.#watchTurns();
      this.#end(run, outcome);
      ran++;
    }
    // The pool took everything back because nothing was started for long: this tells it that the thread is there again.
    if (ran === 0) this.#outlet.postMessage([]);
    this.flush();
    this.#isTaking = false;
  }

  #start(runner: Runner, run: Run): Promise<Packed<unknown>> {
    const start = (): Promise<Packed<unknown>> =>
      runner.run(run.call.work, run.call.payload, this.#servicesOf(run));
    if (this.#beside.size === 0) return start();
    this.#watchTurns();
    return this.#turns.first(run, start);
  }

  /** What streams are asked for may never come. */
  async #besideEnded(): Promise<void> {
    const ends = [...this.#beside].flatMap(([{ call }, ended]) => (isPull(call.payload) ? [] : [ended]));
    if (ends.length === 0) return;
    this.flush();
    await Promise.all(ends);
  }

  #runBeside(runner: Runner, call: Received): void {
    const run = this.#begin(runner, call);
    if (run === undefined) return;
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
    this.#beside.set(run, ended);
    this.#watchTurns();
    const start = (): Promise<Packed<unknown>> => runner.run(call.work, call.payload, this.#servicesOf(run));
    const outcome = this.#apart(() => this.#turns.first(run, () => this.#pinned.run(run, start)));
    // A plain generator has made its chunk by then.
    if (isPull(call.payload))
      setImmediate(() => !run.isOver && tellAwaiting(this.#channel.board, run.slot, call.ticket));
    void outcome.then((packed) => {
      this.#beside.delete(run);
      this.#watchTurns();
      this.#end(run, packed);
      this.flush();
      onEnd();
    });
  }

  /** Undefined where the pool has taken the call back. */
  #begin(runner: Runner, call: Received): Run | undefined {
    const startedAt = sharedNow();
    if (!claim(this.#channel.board, call.slot, call.ticket, startedAt)) return undefined;
    // A finished result must not wait for a call that may take long, nor be lost with one that may be ended.
    if (!(this.#histories[call.work] as RunHistory).isQuick || this.#mayBeEnded[call.work]) this.flush();
    const start = performance.now();
    if (this.#current === undefined && this.#beside.size === 0) this.#outlet.onStart(start);
    return {
      call,
      slot: call.slot,
      heldMs: 0,
      work: runner.works[call.work] as Work,
      startedAt,
      start,
      services: undefined,
      isOver: false,
    };
  }

  #end(run: Run, outcome: Packed<unknown>): void {
    const { call, startedAt, start } = run;
    run.isOver = true;
    const runMs = performance.now() - start;
    finish(this.#channel.board, call.slot);
    (this.#histories[call.work] as RunHistory).record(runMs);
    this.#outbox.add(call, outcome, startedAt, runMs);
  }

  #servicesOf(run: Run): CallServices {
    return {
      begin: (about) => {
        run.services = new ThreadServices(this.#channel, run.call, about);
        return run.services;
      },
      resume: (services) => {
        run.services = services as ThreadServices;
        run.services.call = run.call;
      },
      renew: () => {
        run.heldMs = 0;
        renew(this.#channel.board, run.slot, sharedNow());
      },
    };
  }
}

/** Results that a thread has not sent yet. */
class Outbox {
  readonly #outlet: Outlet;
  readonly #workAt: (index: number) => Work | undefined;
  #results: ResultBatch = [];
  #transfer: Transferable[] = [];
  /** The work that the results belong to, in the same order. */
  #works: number[] = [];

  constructor(outlet: Outlet, workAt: (index: number) => Work | undefined) {
    this.#outlet = outlet;
    this.#workAt = workAt;
  }

  add(
    { slot, work }: Received,
    { payload, transfer }: Packed<unknown>,
    startedAt: number,
    runMs: number,
  ): void {
    this.#results.push(slot, startedAt, runMs, payload);
    if (transfer.length > 0) this.#transfer.push(...transfer);
    this.#works.push(work);
  }

  /**
   * Sends the results as one message; a result that cannot cross is replaced by an error that names it,
   * and the others are sent.
   */
  flush(): void {
    if (this.#results.length === 0) return;
    const results = this.#results;
    const transfer = this.#transfer;
    const works = this.#works;
    this.#results = [];
    this.#transfer = [];
    this.#works = [];
    try {
      this.#outlet.postMessage(results, transfer);
    } catch {
      for (const [index, work] of works.entries())
        this.#sendOne(results.slice(index * RESULT_FIELDS, (index + 1) * RESULT_FIELDS), this.#workAt(work));
    }
  }

  #sendOne(result: ResultBatch, work: Work | undefined): void {
    try {
      this.#outlet.postMessage(result);
    } catch (cause) {
      this.#outlet.postMessage([result[0], result[1], result[2], uncloneable(work, result[3], cause)]);
    }
  }
}

function uncloneable(work: Work | undefined, outcome: unknown, cause: unknown): unknown {
  const error = unsendable(work, thrownText(cause));
  return isReplyPayload(outcome)
    ? packReply(errorReply(error)).payload
    : ([false, packThrown(error)] satisfies TaskOutcome);
}

/**
 * Sends straight to the event loop, or by the relay once a call has run for long: `pool/relay.ts` says why. What one
 * call sends stays in order, since a call never becomes short again.
 */
class RelayedOutlet implements Outlet {
  readonly #port: MessagePort;
  readonly #said: SaidMessages;
  #relay: RelayWay | undefined;
  #startedAt: number | undefined;

  constructor(port: MessagePort, taken: TakenCount) {
    this.#port = port;
    this.#said = new SaidMessages(taken);
  }

  /** From now on, what long calls send goes this way. */
  relayBy(relay: RelayWay): void {
    this.#relay = relay;
  }

  /** A call starts while no other runs, at this moment of `performance.now()`. */
  onStart(startedAt: number): void {
    this.#startedAt = startedAt;
  }

  postMessage(message: ThreadMessage, transfer: readonly Transferable[] = []): void {
    if (Array.isArray(message)) this.#post(message, transfer);
    else this.#said.send(message, () => this.#post(message, transfer));
  }

  #post(message: ThreadMessage, transfer: readonly Transferable[]): void {
    if (this.#relay !== undefined && this.#isLong && countRelayed(this.#relay.sent)) {
      const relayed: Relayed = Array.isArray(message) ? sealed(message, transfer) : { message, transfer };
      this.#relay.port.postMessage(relayed, relayed.transfer);
    } else {
      this.#port.postMessage(message, transfer);
    }
  }

  /**
   * Whether the last call that started alone has run for long. What is sent after its end, or by others that run beside
   * it, counts as its own.
   */
  get #isLong(): boolean {
    return this.#startedAt !== undefined && performance.now() - this.#startedAt >= RELAY_AFTER_MS;
  }
}

/**
 * Results in the queue of a port that is sent in their place: a result may be large, and the relay, which serves all
 * threads, then passes on a port instead of copying it twice.
 */
function sealed(results: ResultBatch, transfer: readonly Transferable[]): Relayed {
  const { port1: sender, port2: message } = new MessageChannel();
  try {
    sender.postMessage(results, transfer);
  } catch (error) {
    sender.close();
    throw error;
  }
  return { message, transfer: [message] };
}
