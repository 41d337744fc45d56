import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
  Worker,
} from "node:worker_threads";
import {
  type Board,
  cancel,
  createBoard,
  nextTicket,
  offer,
  recall,
  runningSince,
  SLOTS,
  sharedNow,
} from "../crossing/board.ts";
import {
  CALL_FIELDS,
  type CallBatch,
  type Control,
  type Hello,
  type LogLine,
  RESULT_FIELDS,
  type ResultBatch,
  type ThreadData,
  type ThreadOptions,
} from "../crossing/messages.ts";
import { type Call, type Holder, recordRun } from "./call.ts";

/** One worker and the calls it holds. */
export class Thread implements Holder {
  readonly worker: Worker;
  /** The worker's threadId, also after it has ended. */
  readonly id: number;
  readonly #port: MessagePort;
  readonly #board: Board = createBoard();
  readonly #slots = new Slots();
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
  /** Whether it is being ended. */
  ending = false;
  /** The call for which it is being ended: it ran past its deadline. */
  killedFor: Call | undefined;
  /** Whether it has ever given a result. */
  proven = false;

  constructor(options: ThreadOptions, listener: ThreadListener<Thread>) {
    const { port1, port2 } = new MessageChannel();
    const { target, workIds, mayBeEnded, given, traced, inputs, logLevel } = options;
    const about = { target, workIds, mayBeEnded, given, traced, inputs, logLevel };
    const data: ThreadData = { offloop: "thread", port: port2, board: this.#board, ...about };
    const entry = new URL(`../inside/entry${import.meta.url.slice(-3)}`, import.meta.url);
    this.worker = new Worker(entry, {
      workerData: data,
      transferList: [port2],
      name: "offloop",
      resourceLimits: options.resourceLimits,
    });
    this.id = this.worker.threadId;
    this.#port = port1;
    const receive = (message: Hello | ResultBatch | { readonly log: LogLine }): void => {
      if (Array.isArray(message)) this.#take(message, listener);
      else if ("log" in message) options.onLog(message.log);
      else listener.onHello(this, message);
    };
    port1.on("message", receive);
    this.worker.on("error", (error) => {
      this.#cause = error;
    });
    this.worker.on("exit", () => {
      // What it sent before it ended may not have been delivered yet.
      for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
        receive(last.message);
      port1.close();
      listener.onExit(this, this.#loss());
    });
  }

  /** How many calls it holds: the one it runs and those it was handed ahead. */
  get load(): number {
    return this.#slots.load;
  }

  get hasRoom(): boolean {
    return this.#slots.hasRoom;
  }

  /** The call it runs, and for how many milliseconds. */
  get running(): { readonly call: Call; readonly ms: number } | undefined {
    return this.#slots.find((call, slot) => {
      const since = runningSince(this.#board, slot, call.ticket);
      return since === undefined ? undefined : { call, ms: sharedNow() - since };
    });
  }

  /** Hands it a call; {@link flush} sends it. Only while it has room. */
  give(call: Call): void {
    const slot = this.#slots.put(call);
    if (this.load === 1) this.progressAt = performance.now();
    this.#ticket = nextTicket(this.#ticket);
    call.ticket = this.#ticket;
    offer(this.#board, slot, call.ticket);
    this.#batch.push(slot, call.ticket, call.work, call.payload);
    if (call.transfer.length > 0) this.#transfer.push(...call.transfer);
  }

  /** Sends what it was given since the last time, as one message. Gives back the calls that cannot be cloned. */
  flush(): { readonly call: Call; readonly error: unknown }[] {
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
    return this.#slots.release(
      (call, slot) => call.transfer.length === 0 && !call.pinned && recall(this.#board, slot, call.ticket),
    );
  }

  /** Tells a call it runs that nobody waits for it any more. */
  cancel(call: Call): void {
    const slot = this.#slots.slotOf(call);
    if (slot === undefined) return;
    call.cancelled = true;
    cancel(this.#board, slot, call.ticket);
    this.#port.postMessage({ cancelled: call.ticket } satisfies Control); // for code that awaits rather than asks
  }

  /** Ends it whatever it does, and gives up the call it runs. */
  end(call?: Call): void {
    this.ending = true;
    this.killedFor = call;
    if (call !== undefined) this.#slots.release((held) => held === call);
    void this.worker.terminate();
  }

  /** Asks it to close what it has opened, and to end. */
  leave(): void {
    this.ending = true;
    this.#port.postMessage({ leave: true } satisfies Control);
  }

  #sendOneByOne(batch: CallBatch): { call: Call; error: unknown }[] {
    const refused: { call: Call; error: unknown }[] = [];
    for (let i = 0; i < batch.length; i += CALL_FIELDS) {
      const slot = batch[i] as number;
      const call = this.#slots.at(slot) as Call;
      try {
        this.#port.postMessage(batch.slice(i, i + CALL_FIELDS), call.transfer);
      } catch (error) {
        this.#slots.free(slot);
        refused.push({ call, error });
      }
    }
    return refused;
  }

  #take(results: ResultBatch, listener: ThreadListener<Thread>): void {
    this.progressAt = performance.now();
    for (let i = 0; i < results.length; i += RESULT_FIELDS) {
      const slot = results[i] as number;
      const call = this.#slots.at(slot);
      if (call === undefined) continue; // it was given up before it ended
      this.#slots.free(slot);
      this.proven = true;
      recordRun(call, this.id, results[i + 2] as number, results[i + 1] as number);
      listener.onResult(this, call, results[i + 2] as number, results[i + 3]);
    }
    listener.onResults(this);
  }

  #loss(): ThreadLoss {
    const unstarted = this.recallUnstarted();
    const started = this.#slots.release(() => true);
    for (const call of started) recordRun(call, this.id, sharedNow() - (this.#board.startedAt[0] as number));
    return { started, unstarted, cause: this.#cause };
  }
}

/** What a thread tells its roster. */
export interface ThreadListener<T> {
  onHello(thread: T, hello: Hello): void;
  onResult(thread: T, call: Call, runMs: number, outcome: unknown): void;
  /** After all results of one message. */
  onResults(thread: T): void;
  onExit(thread: T, loss: ThreadLoss): void;
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

/** The calls one thread holds, each in a slot of the board it shares with the pool. */
class Slots {
  readonly #calls: (Call | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, slot) => SLOTS - 1 - slot);

  /** How many calls there are. */
  get load(): number {
    return SLOTS - this.#free.length;
  }

  get hasRoom(): boolean {
    return this.#free.length > 0;
  }

  at(slot: number): Call | undefined {
    return this.#calls[slot];
  }

  slotOf(call: Call): number | undefined {
    const slot = this.#calls.indexOf(call);
    return slot === -1 ? undefined : slot;
  }

  /** Puts a call into a free slot; only while there is room. */
  put(call: Call): number {
    const slot = this.#free.pop() as number;
    this.#calls[slot] = call;
    return slot;
  }

  free(slot: number): void {
    this.#calls[slot] = undefined;
    this.#free.push(slot);
  }

  /** Frees the slots of calls that may go, and gives these calls in the order they came. */
  release(mayGo: (call: Call, slot: number) => boolean): Call[] {
    const released: Call[] = [];
    for (const [slot, call] of this.#calls.entries()) {
      if (call === undefined || !mayGo(call, slot)) continue;
      this.free(slot);
      released.push(call);
    }
    return released.sort((a, b) => a.order - b.order);
  }

  /** The first call for which `look` gives something, and what it gives. */
  find<T>(look: (call: Call, slot: number) => T | undefined): T | undefined {
    for (const [slot, call] of this.#calls.entries()) {
      const found = call === undefined ? undefined : look(call, slot);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Resolves when the worker has ended, or the time is over. */
export function exitWithin(worker: Worker, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    worker.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
