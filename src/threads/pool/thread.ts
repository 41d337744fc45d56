import {
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  type Transferable,
} from "node:worker_threads";
import {
  type Board,
  cancel,
  createBoard,
  heldFor,
  isAwaiting,
  MOST_AHEAD,
  MOST_PULLS,
  nextTicket,
  offer,
  recall,
  runningSince,
  SLOTS,
  sharedNow,
} from "../crossing/board.ts";
import { TakenMessages } from "../crossing/flow.ts";
import { isRunnable } from "../crossing/kernel-thread.ts";
import {
  type AddedBindings,
  CALL_FIELDS,
  type CallBatch,
  type Control,
  type Hello,
  type LogLine,
  type ProgressReport,
  RESULT_FIELDS,
  type ResultBatch,
  type SyncEnqueue,
  type ThreadMessage,
  type ThreadSetup,
} from "../crossing/messages.ts";
import { type Thrown, unpackValue } from "../crossing/values.ts";
import type { Call, ThreadHandle } from "./call.ts";
import { Exit, type Killed } from "./exit.ts";
import { RelayedMessages, type RelayedThread, type RelayLink } from "./relay.ts";
import { StreamShare } from "./stream-share.ts";
import { type EarlyWorker, startWorker, threadData } from "./worker.ts";

/** Options of a thread. */
export interface ThreadOptions extends ThreadSetup {
  readonly resourceLimits: ResourceLimits;
  /** The worker of the first thread, if it was started before the pool. */
  readonly early?: EarlyWorker | undefined;
  readonly onLog: (line: LogLine) => void;
  /** Called for what it has opened and could not close when it left. */
  readonly onUnclosed: (failure: Thrown, thread: number) => void;
  readonly onEnqueue: (call: SyncEnqueue) => void;
}

/** Receives what a thread sends, and learns when it ends. */
export interface ThreadListener {
  /** It has loaded the app, or has failed to. */
  onHello(thread: Thread, hello: Hello): void;
  onResult(thread: Thread, call: Call, runMs: number, outcome: unknown): void;
  /** Called after all results of one message. */
  onResults(thread: Thread): void;
  /** It has ended, though what it has sent may still be on its way. */
  onGone(thread: Thread): void;
  /** It has ended, and everything it has sent has arrived. */
  onExit(thread: Thread, loss: ThreadLoss): void;
}

/** What an ended thread leaves behind. */
export interface ThreadLoss {
  /** Calls it had started. */
  readonly started: Call[];
  /** Calls it had not started, in order. */
  readonly unstarted: Call[];
  /** The error that ended it, if there was one. */
  readonly cause: unknown;
}

/** A call that has started. */
export interface RunningCall {
  readonly call: Call;
  /** For how many milliseconds it has been running. */
  readonly ms: number;
  /** For how many of these another call, which shares its thread, has computed. */
  readonly heldMs: number;
  /** Whether it asks a stream for what has not come at once: the thread takes others meanwhile. */
  readonly isAwaiting: boolean;
}

/** One worker and the calls it holds. */
export class Thread implements ThreadHandle, RelayedThread {
  /** The worker's threadId, kept after the worker has ended. */
  readonly id: number;
  /** How it ends, or has ended. */
  readonly exit: Exit;
  readonly #port: MessagePort;
  readonly #board: Board = createBoard();
  readonly #taken = new TakenMessages();
  readonly #slots = new Slots();
  readonly #listener: ThreadListener;
  readonly #receive: (message: ThreadMessage) => void;
  /** Resolves when it has ended and everything it has sent has arrived. */
  readonly removed: Promise<void>;
  #batch: CallBatch = [];
  #transfer: Transferable[] = [];
  #ticket = 0;
  #takesAhead = false;
  /** Whether it has not been heard of since calls were taken back that it had not started. */
  #owesWord = false;
  #held = 0;
  /** Undefined until the first stream. */
  #streams: StreamShare | undefined;
  #progressAt = 0;
  #advancedAt = 0;
  #lastWork: number | undefined;
  #kernelId: number | undefined;
  /** What it sends by the relay; undefined while it has no link. */
  #relayed: RelayedMessages | undefined;

  /** @throws {OffloopError} `OFFLOOP_THREAD_START` when the system refuses it. */
  constructor(options: ThreadOptions, listener: ThreadListener) {
    const { resourceLimits, early, onLog, onUnclosed, onEnqueue } = options;
    this.#listener = listener;
    const { worker, port } = early?.take() ?? startWorker(resourceLimits);
    this.id = worker.threadId;
    this.#port = port;
    this.#receive = (message) => {
      if (Array.isArray(message)) return this.#take(message);
      this.#taken.take(message);
      if ("log" in message) onLog(message.log);
      else if ("unclosed" in message) onUnclosed(message.unclosed, this.id);
      else if ("progress" in message) this.#report(message);
      else if ("bindings" in message) this.#bind(message);
      else if ("enqueue" in message) onEnqueue(message);
      else this.#greet(message);
    };
    port.on("message", this.#receive).on("messageerror", this.#onUnreadable);
    const { promise: removed, resolve: onRemoved } = Promise.withResolvers<void>();
    this.removed = removed;
    this.exit = new Exit(worker, () => void this.#onExit().then(onRemoved));
    const { loading } = this.exit;
    port.postMessage(threadData(options, { board: this.#board, taken: this.#taken.count, loading }));
  }

  #greet(hello: Hello): void {
    if ("ready" in hello) this.#kernelId = hello.kernelId;
    this.#listener.onHello(this, hello);
  }

  /** How many calls it holds: the one it runs plus those handed to it ahead. */
  get load(): number {
    return this.#slots.load;
  }

  /** Whether it runs nothing: what it holds waits for streams, whose next chunk may never come. */
  get isFree(): boolean {
    const { load, pulls } = this.#slots;
    if (load !== pulls || this.#owesWord) return false;
    return load === 0 || this.running.filter(({ isAwaiting }) => isAwaiting).length === load;
  }

  /** Whether only streams keep it from a call that waits, and have had their share. */
  get owesCalls(): boolean {
    return this.#streams?.isSpent === true && this.openStreams > 0 && this.#slots.load === this.#slots.pulls;
  }

  /** Whether it may be given a call about what is open there. */
  hasRoomFor({ isPull }: Call): boolean {
    return this.#slots.hasRoom && !(isPull && this.#slots.pulls >= MOST_PULLS);
  }

  /** Whether more may be handed to it ahead: every call it holds is expected to be quick. */
  get takesAhead(): boolean {
    const { load, pulls } = this.#slots;
    return this.#takesAhead && load > pulls && load < MOST_AHEAD && !this.isEnding;
  }

  /** Whether calls may wait behind the one it runs: those that were handed to it ahead. */
  get holdsAhead(): boolean {
    return this.#takesAhead && this.#slots.load - this.#slots.pulls > 1;
  }

  /** When it last returned a result, or was handed a call while idle. */
  get progressAt(): number {
    return this.#progressAt;
  }

  /** The same, apart from what runs beside: those that were handed to it ahead do not come closer by its results. */
  get advancedAt(): number {
    return this.#advancedAt;
  }

  /** Whether something is open in it, so that it must not leave. */
  get isHeld(): boolean {
    return this.#held > 0;
  }

  /** How many streams are open in it. */
  get openStreams(): number {
    return this.#streams?.open ?? 0;
  }

  /** Whether it waits for what a stream in it is asked for next. @param now - From `performance.now()`. */
  isReserved(now: number): boolean {
    return this.#streams?.isReserved(now) === true;
  }

  /** Whether it is being ended, or has ended. */
  get isEnding(): boolean {
    return this.exit.isUnderway;
  }

  /** Whether it has ever returned a result. */
  get isProven(): boolean {
    return this.#lastWork !== undefined;
  }

  /** The work of the last call that ended in it; undefined while there is none. */
  get lastWork(): number | undefined {
    return this.#lastWork;
  }

  /** Whether it uses a core for the calls it holds, rather than waits in one. False where the system does not say. */
  get isComputing(): boolean {
    if (this.load === 0 || this.#kernelId === undefined) return false;
    return this.running.length === 0 || isRunnable(this.#kernelId);
  }

  /** The call it runs, and those that run beside it about what is open there. */
  get running(): readonly RunningCall[] {
    const now = sharedNow();
    const running: RunningCall[] = [];
    this.#slots.each((call, slot) => {
      const since = runningSince(this.#board, slot, call.ticket);
      if (since === undefined) return;
      const heldMs = heldFor(this.#board, slot, now);
      running.push({ call, ms: now - since, heldMs, isAwaiting: isAwaiting(this.#board, slot, call.ticket) });
    });
    return running;
  }

  hold(): void {
    this.#held++;
  }

  release(): void {
    this.#held--;
  }

  beginStream(): void {
    this.#streams ??= new StreamShare();
    this.#streams.begin();
  }

  endStream(): void {
    this.#streams?.end();
  }

  /**
   * Hands it a call; {@link flush} sends it. Only while it has room.
   *
   * @param isQuick - Whether more calls may follow before this one has ended, if it is the only one.
   */
  give(call: Call, isQuick: boolean): void {
    if (!call.pinned) this.#streams?.giveUp();
    const slot = this.#slots.put(call);
    const { load, pulls } = this.#slots;
    if (load === 1 || (!call.pinned && load - pulls === 1)) {
      this.#progressAt = performance.now();
      this.#advancedAt = this.#progressAt;
      this.#takesAhead = isQuick && load === 1; // streams have their share after each call, not after many
    }
    this.#ticket = nextTicket(this.#ticket);
    call.ticket = this.#ticket;
    offer(this.#board, slot, call.ticket);
    this.#batch.push(slot, call.ticket, call.work, call.payload, call.pinned);
    if (call.transfer.length > 0) this.#transfer.push(...call.transfer);
  }

  /** Sends everything given since the last time as one message. Returns the calls that cannot be cloned. */
  flush(): readonly UncloneableCall[] {
    if (this.#batch.length === 0) return none;
    const batch = this.#batch;
    const transfer = this.#transfer;
    this.#batch = [];
    this.#transfer = [];
    try {
      this.#port.postMessage(batch, transfer);
      return none;
    } catch {
      return this.#sendOneByOne(batch);
    }
  }

  /**
   * Takes back the calls it has not started, in order. It is handed none ahead until it is idle. What was transferred
   * to it stays.
   */
  recallUnstarted(): Call[] {
    this.#takesAhead = false;
    const recalled = this.#slots.release(
      (call, slot) => call.transfer.length === 0 && !call.pinned && recall(this.#board, slot, call.ticket),
    );
    if (recalled.length > 0) this.#owesWord = true;
    return recalled;
  }

  /** Takes back the requests for chunks that it has not started, in order: they come after a call that waits. */
  recallPulls(): Call[] {
    return this.#slots.release((call, slot) => call.isPull && recall(this.#board, slot, call.ticket));
  }

  /** Tells a running call that nobody waits for it any more. */
  cancel(call: Call): void {
    const slot = this.#slots.slotOf(call);
    if (slot === undefined) return;
    call.cancelledAt = performance.now();
    const by = call.waiter?.endedBy ?? "client";
    cancel(this.#board, slot, call.ticket, by);
    // For code that awaits rather than asks.
    this.#port.postMessage({ cancelled: call.ticket, by } satisfies Control);
  }

  /** Ends it, whatever it is doing, and gives up the call it runs. Resolves when it has ended. */
  async end(killed?: Killed): Promise<void> {
    if (killed !== undefined) this.#slots.release((held) => held === killed.call);
    await this.exit.force(killed);
  }

  /** Gives up all calls it holds, and returns them in the order they came: whatever it may still send about them is lost. */
  giveUpAll(): Call[] {
    return this.#slots.release(() => true);
  }

  relayBy(link: RelayLink): void {
    this.#relayed = new RelayedMessages(link, this.#receive, this.#onUnreadable);
    this.#port.postMessage({ relay: link.thread } satisfies Control, [link.thread.port]);
  }

  /** The relay has ended: it does without, unless something that it has sent was lost, which someone may wait for. */
  async onRelayEnd(cause: unknown): Promise<void> {
    const isWhole = (await this.#relayed?.end()) ?? true;
    if (isWhole || this.isEnding) return;
    this.exit.fail(new Error("the relay that passes on what threads send has ended", { cause }));
  }

  /** Asks it to close what it has opened and to end; ends it when that takes too long. */
  leave(withinMs: number): void {
    this.#port.postMessage({ leave: true } satisfies Control);
    this.exit.expect(withinMs);
  }

  /** What it has sent cannot be read here, for example since a getter made another value meanwhile. A call may wait for it. */
  readonly #onUnreadable = (cause: unknown): void => {
    this.exit.fail(new Error("what it has sent could not be read", { cause }));
  };

  #report({ slot, ticket, progress }: ProgressReport): void {
    const call = this.#slots.at(slot);
    if (call?.ticket === ticket) call.waiter?.onProgress?.(progress);
  }

  #bind({ slot, ticket, bindings }: AddedBindings): void {
    const call = this.#slots.at(slot);
    if (call?.ticket === ticket) call.bindable?.setBindings(unpackValue(bindings) as object);
  }

  async #onExit(): Promise<void> {
    this.#listener.onGone(this);
    this.#receiveRest();
    this.#port.close();
    await this.#relayed?.all();
    this.#listener.onExit(this, this.#loss());
  }

  /** What it sent before it ended may not have been delivered yet. */
  #receiveRest(): void {
    for (;;) {
      try {
        const last = receiveMessageOnPort(this.#port);
        if (last === undefined) return;
        this.#receive(last.message as ThreadMessage);
      } catch (cause) {
        this.#onUnreadable(cause);
      }
    }
  }

  #sendOneByOne(batch: CallBatch): UncloneableCall[] {
    const refused: UncloneableCall[] = [];
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

  #take(results: ResultBatch): void {
    this.#progressAt = performance.now();
    this.#owesWord = false;
    for (let i = 0; i < results.length; i += RESULT_FIELDS) {
      const slot = results[i] as number;
      const call = this.#slots.at(slot);
      if (call === undefined) continue; // given up before it ended
      this.#slots.free(slot);
      this.#lastWork = call.work;
      const runMs = results[i + 2] as number;
      if (call.isPull) this.#streams?.recordPull(runMs);
      if (!call.pinned) {
        this.#advancedAt = this.#progressAt;
        this.#streams?.recordCall(runMs, this.#slots.pulls > 0);
      }
      recordRun(call, this.id, runMs, results[i + 1] as number);
      this.#listener.onResult(this, call, runMs, results[i + 3]);
    }
    this.#listener.onResults(this);
  }

  #loss(): ThreadLoss {
    const unstarted = this.recallUnstarted();
    for (const { call, ms } of this.running) recordRun(call, this.id, ms);
    return { started: this.giveUpAll(), unstarted, cause: this.exit.cause };
  }
}

/** A call that could not be sent, and why. */
export interface UncloneableCall {
  readonly call: Call;
  readonly error: unknown;
}

const none: readonly UncloneableCall[] = [];

/** The calls that a thread holds, each in a slot of the board it shares with the pool. */
export class Slots {
  readonly #calls: (Call | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, slot) => SLOTS - 1 - slot);

  #pulls = 0;

  get load(): number {
    return SLOTS - this.#free.length;
  }

  /** How many of its calls ask streams for their next chunk. */
  get pulls(): number {
    return this.#pulls;
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
    if (call.isPull) this.#pulls++;
    return slot;
  }

  free(slot: number): void {
    if (this.#calls[slot]?.isPull === true) this.#pulls--;
    this.#calls[slot] = undefined;
    this.#free.push(slot);
  }

  /** Frees the slots of calls that may go, and returns these calls in the order they came. */
  release(mayGo: (call: Call, slot: number) => boolean): Call[] {
    const released: Call[] = [];
    for (const [slot, call] of this.#calls.entries()) {
      if (call === undefined || !mayGo(call, slot)) continue;
      this.free(slot);
      released.push(call);
    }
    return released.sort((a, b) => a.order - b.order);
  }

  each(visit: (call: Call, slot: number) => void): void {
    for (let slot = 0, left = this.load; left > 0; slot++) {
      const call = this.#calls[slot];
      if (call === undefined) continue;
      left--;
      visit(call, slot);
    }
  }
}

/**
 * Notes where a call has run, if someone wants to know.
 *
 * @param startedAt - From `sharedNow`, as reported by the thread: while the loop is blocked it learns of an end late.
 */
export function recordRun(
  { record, queuedAt }: Call,
  thread: number,
  runMs: number,
  startedAt: number = sharedNow() - runMs,
): void {
  if (record === undefined) return;
  record.thread = thread;
  record.runMs = runMs;
  record.queueMs = Math.max(0, startedAt - performance.timeOrigin - queuedAt);
}
