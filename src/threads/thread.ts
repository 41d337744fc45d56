import { MessageChannel, type MessagePort, type Transferable, Worker } from "node:worker_threads";
import type { Call, Holder } from "./call.ts";
import { createClaims, nextTicket, offer, recall, SLOTS } from "./claims.ts";
import {
  CALL_FIELDS,
  type CallBatch,
  type Hello,
  RESULT_FIELDS,
  type ResultBatch,
  type ThreadData,
} from "./messages.ts";
import type { PoolOptions } from "./pool-options.ts";

/** What a thread tells its pool. */
export interface ThreadListener {
  onHello(thread: Thread, hello: Hello): void;
  onResult(thread: Thread, call: Call, runMs: number, outcome: unknown): void;
  /** After all results of one message. */
  onIdle(thread: Thread): void;
  onExit(thread: Thread, lost: ThreadLoss): void;
}

/** What an ended thread leaves behind. */
export interface ThreadLoss {
  /** Calls it had started. */
  readonly started: Call[];
  /** Calls it had not started, in their order. */
  readonly unstarted: Call[];
  /** What ended it, if it was an error. */
  readonly cause: unknown;
}

/** One worker and the calls it holds. */
export class Thread implements Holder {
  readonly worker: Worker;
  readonly #port: MessagePort;
  readonly #claims = createClaims();
  readonly #calls: (Call | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #freeSlots: number[] = Array.from({ length: SLOTS }, (_, slot) => SLOTS - 1 - slot);
  #batch: CallBatch = [];
  #transfer: Transferable[] = [];
  #ticket = 0;
  #cause: unknown;
  /** Whether all calls it holds are quick ones, so that more may be handed to it ahead. */
  quick = false;
  /** Since when it holds no call, from `performance.now()`. */
  idleSince = 0;
  /** How many replies it holds open. */
  open = 0;
  /** When it last gave a result or was handed a call while idle. */
  progressAt = 0;

  constructor(
    { target, workIds, given }: Pick<PoolOptions, "target" | "workIds" | "given">,
    listener: ThreadListener,
  ) {
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = { offloop: "thread", port: port2, claims: this.#claims, target, workIds, given };
    const entry = new URL(`./entry${import.meta.url.slice(-3)}`, import.meta.url);
    this.worker = new Worker(entry, { workerData: data, transferList: [port2], name: "offloop" });
    this.#port = port1;
    port1.on("message", (message: Hello | ResultBatch) => {
      if (Array.isArray(message)) this.#take(message, listener);
      else listener.onHello(this, message);
    });
    this.worker.on("error", (error) => {
      this.#cause = error;
    });
    this.worker.on("exit", () => {
      port1.close();
      listener.onExit(this, this.#loss());
    });
  }

  get id(): number {
    return this.worker.threadId;
  }

  /** How many calls it holds: the one it runs and those it was handed ahead. */
  get load(): number {
    return SLOTS - this.#freeSlots.length;
  }

  get hasRoom(): boolean {
    return this.#freeSlots.length > 0;
  }

  /** Hands it a call; {@link flush} sends it. Only while it has room. */
  give(call: Call): void {
    const slot = this.#freeSlots.pop() as number;
    if (this.load === 1) this.progressAt = performance.now();
    this.#ticket = nextTicket(this.#ticket);
    call.ticket = this.#ticket;
    this.#calls[slot] = call;
    offer(this.#claims, slot, call.ticket);
    this.#batch.push(slot, call.ticket, call.work, call.payload);
    this.#transfer.push(...call.transfer);
  }

  /** Sends what it was given since the last time, as one message. Gives back the calls that cannot be cloned. */
  flush(): { call: Call; error: unknown }[] {
    if (this.#batch.length === 0) return [];
    const batch = this.#batch;
    const transfer = this.#transfer;
    this.#batch = [];
    this.#transfer = [];
    try {
      this.#port.postMessage(batch, transfer);
      return [];
    } catch {
      return this.#sendOneByOne(batch);
    }
  }

  /** Takes back the calls it has not started, in their order. What was transferred to it stays. */
  recallUnstarted(): Call[] {
    return this.#release(
      (call, slot) => call.transfer.length === 0 && !call.pinned && recall(this.#claims, slot, call.ticket),
    );
  }

  #sendOneByOne(batch: CallBatch): { call: Call; error: unknown }[] {
    const refused: { call: Call; error: unknown }[] = [];
    for (let i = 0; i < batch.length; i += CALL_FIELDS) {
      const slot = batch[i] as number;
      const call = this.#calls[slot] as Call;
      try {
        this.#port.postMessage(batch.slice(i, i + CALL_FIELDS), call.transfer);
      } catch (error) {
        this.#free(slot);
        refused.push({ call, error });
      }
    }
    return refused;
  }

  #take(results: ResultBatch, listener: ThreadListener): void {
    this.progressAt = performance.now();
    for (let i = 0; i < results.length; i += RESULT_FIELDS) {
      const slot = results[i] as number;
      const call = this.#calls[slot];
      if (call === undefined) continue;
      this.#free(slot);
      listener.onResult(this, call, results[i + 1] as number, results[i + 2]);
    }
    listener.onIdle(this);
  }

  #loss(): ThreadLoss {
    const unstarted = this.recallUnstarted();
    return { started: this.#release(() => true), unstarted, cause: this.#cause };
  }

  #release(mayGo: (call: Call, slot: number) => boolean): Call[] {
    const released: Call[] = [];
    for (const [slot, call] of this.#calls.entries()) {
      if (call === undefined || !mayGo(call, slot)) continue;
      this.#free(slot);
      released.push(call);
    }
    return released.sort((a, b) => a.order - b.order);
  }

  #free(slot: number): void {
    this.#calls[slot] = undefined;
    this.#freeSlots.push(slot);
  }
}
