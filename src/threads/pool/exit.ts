import type { Worker } from "node:worker_threads";
import { within } from "../../app/within.ts";
import type { KilledCall } from "../../channels/channels.ts";
import { clearTimeout, setTimeout } from "../../errors/timers.ts";
import { createLoadLock, hasLoaded, type LoadLock, preventLoading } from "../crossing/loading.ts";
import type { Call } from "./call.ts";

/** A thread that has not ended after this long is inside a native call, like execSync, and ends only when that returns. */
export const END_MS = 2_000;

/**
 * How often a thread is told to end, with pauses that double, the last of which takes seconds: Node loses the request to
 * end a thread at times while that loads modules, and the thread would wait or compute for ever.
 */
const TIMES = 8;
const FIRST_PAUSE_MS = 50;

/** The call a thread is ended for, and why. */
export interface Killed {
  readonly call: Call;
  readonly reason: KilledCall["reason"];
}

/** The exit of a thread: by itself, since it was asked to leave, or by force. */
export class Exit {
  /** Given to the thread: it is not ended while it loads a native addon. */
  readonly loading: LoadLock = createLoadLock();
  /** Whether it has begun. A field, as every call reads it. */
  isUnderway = false;
  readonly #worker: Worker;
  readonly #over: Promise<void>;
  #isOver = false;
  #wasWanted = false;
  #killed: Killed | undefined;
  #isStuck = false;
  #cause: unknown;

  /** @param onOver - Called when the worker has ended, though what it has sent may still be on its way. */
  constructor(worker: Worker, onOver: () => void) {
    this.#worker = worker;
    this.#over = new Promise((resolve) => {
      worker
        .on("error", (error) => {
          this.#cause = error;
        })
        .once("exit", () => {
          this.isUnderway = true;
          this.#isOver = true;
          resolve();
          onOver();
        });
    });
  }

  /** Whether the thread has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it was ended, and has not ended by itself. */
  get wasWanted(): boolean {
    return this.#wasWanted;
  }

  /** The call it is being ended for, and why. */
  get killed(): Killed | undefined {
    return this.#killed;
  }

  /** Whether it was ended but is still there after the time limit: inside a native call, which nothing can end. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** The error that ended it, if there was one. */
  get cause(): unknown {
    return this.#cause;
  }

  /** Ends the thread, whatever it is doing. Resolves when it has ended. */
  async force(killed?: Killed): Promise<void> {
    this.#begin();
    this.#killed = killed;
    while (!preventLoading(this.loading)) await hasLoaded(this.loading);
    await this.#terminate();
  }

  async #terminate(): Promise<void> {
    for (let time = 0; time < TIMES && !this.#isOver; time++) {
      void this.#worker.terminate();
      await within(FIRST_PAUSE_MS * 2 ** time, this.#over);
    }
    await this.#over;
  }

  /** Ends the thread because of something that went wrong. What went wrong first is why it ends. */
  fail(cause: Error): void {
    this.#cause ??= cause;
    void this.force();
  }

  /** The thread was asked to end: ends it when that takes longer. */
  expect(withinMs: number): void {
    this.#begin();
    const timer = setTimeout(() => void this.force(), withinMs);
    void this.#over.then(() => clearTimeout(timer));
  }

  /** Resolves when the thread has ended, or the time is over, and says whether it has ended. */
  async within(ms: number): Promise<boolean> {
    const isOver = await within(ms, this.#over);
    // The timer decides, not a clock: a timer may fire a fraction of a millisecond before a clock says that it is due.
    this.#isStuck = !isOver && this.#killed !== undefined;
    return isOver;
  }

  #begin(): void {
    this.isUnderway = true;
    this.#wasWanted = true;
  }
}
