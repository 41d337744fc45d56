import { AsyncResource } from "node:async_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Frame } from "../../operation/messages.ts";

/** Where the messages come from. */
interface Source {
  pause(): void;
  resume(): void;
}

/** What handles messages, and in which context. */
interface Handler {
  readonly handle: (frame: Frame) => Promise<void>;
  /** The async context that messages are handled in. */
  readonly context: AsyncResource;
  readonly onEnd: () => void;
  readonly onError: (thrown: unknown) => void;
}

/** After this many messages of one socket, others get their turn, even if none of the messages waits for anything. */
const MESSAGES_A_TURN = 32;

/** A socket's messages that wait to be handled. While it is full nothing more is read, which slows the client down. */
export class Inbox {
  readonly #max: number;
  readonly #frames: Frame[] = [];
  #source: Source | undefined;
  /** Those who wait for a message, in their order. Made on demand, since it would be kept for each of many sockets. */
  #waiting: ((frame: Frame | undefined) => void)[] | undefined;
  #handler: Handler | undefined;
  #isHandling = false;
  #ended = false;
  #paused = false;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether reading has paused until some messages have been handled. */
  get isPaused(): boolean {
    return this.#paused;
  }

  open(source: Source): void {
    this.#source = source;
  }

  push(frame: Frame): void {
    if (this.#ended) return;
    const waiting = this.#waiting?.shift();
    if (waiting !== undefined) return void waiting(frame);
    this.#frames.push(frame);
    if (!this.#paused && this.#frames.length >= this.#max) {
      this.#paused = true;
      this.#source?.pause();
    }
    this.#wake();
  }

  /** The next message; undefined when no more will come. */
  next(): Promise<Frame | undefined> | Frame | undefined {
    const frame = this.#take();
    if (frame !== undefined || this.#ended) return frame;
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  /**
   * Handles messages one after another, in the caller's async context. Nothing waits for the next message in between: a
   * waiting promise would be kept for each of many sockets that are silent most of the time.
   *
   * @returns Resolves when no more will come; rejects with what the handler has thrown.
   */
  handleEach(handle: Handler["handle"]): Promise<void> {
    return new Promise((onEnd, onError) => {
      this.#handler = { handle, context: new AsyncResource("offloop.messages"), onEnd, onError };
      this.#wake();
    });
  }

  /**
   * No more will come.
   *
   * @param keep - Whether waiting messages are still handled.
   */
  end(keep: boolean): void {
    if (!keep) this.#frames.splice(0);
    this.#ended = true;
    for (const give of this.#waiting?.splice(0) ?? []) give(undefined);
    this.#wake();
  }

  #wake(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#isHandling) return;
    this.#isHandling = true;
    handler.context.runInAsyncScope(this.#handleAll, this, handler).catch(handler.onError);
  }

  async #handleAll({ handle, onEnd }: Handler): Promise<void> {
    for (let handled = 1; ; handled++) {
      const frame = this.#take();
      if (frame === undefined) break;
      await handle(frame);
      if (handled % MESSAGES_A_TURN === 0) await nextTurn();
    }
    this.#isHandling = false;
    if (this.#ended) onEnd();
  }

  #take(): Frame | undefined {
    const frame = this.#frames.shift();
    if (this.#paused && this.#frames.length < this.#max) {
      this.#paused = false;
      this.#source?.resume();
    }
    return frame;
  }
}
