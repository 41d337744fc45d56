import { AsyncResource } from "node:async_hooks";
import { nextTurn } from "../../errors/timers.ts";
import type { Frame } from "../../operation/messages.ts";
import type { Failure } from "../../operation/open-dependencies.ts";

/** Where the messages come from. */
interface Source {
  pause(): void;
  resume(): void;
}

/** Handles messages, in the async context in which it was made. */
export abstract class FrameHandler extends AsyncResource {
  constructor() {
    super("offloop.messages");
  }

  abstract handle(frame: Frame): Promise<void>;
  /**
   * Called when the last message has been handled and no more will come, or when one could not be handled.
   *
   * @param failure - What `handle` has thrown.
   */
  abstract end(failure: Failure | undefined): void;
}

/** After this many messages of one socket, others get their turn, even if none of the messages waits for anything. */
const MESSAGES_A_TURN = 32;

/** A socket's messages that wait to be handled. While it is full nothing more is read, which slows the client down. */
export class Inbox {
  readonly #max: number;
  // Both lists are made on demand, since they would be kept for each of many sockets.
  /** Those that wait for the handler. */
  #frames: Frame[] | undefined;
  #source: Source | undefined;
  /** Those who wait for a message, in their order. */
  #waiting: ((frame: Frame | undefined) => void)[] | undefined;
  #handler: FrameHandler | undefined;
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
    if (this.#handler !== undefined && !this.#isHandling) return void this.#start(this.#handler, frame);
    this.#frames ??= [];
    this.#frames.push(frame);
    if (!this.#paused && this.#frames.length >= this.#max) {
      this.#paused = true;
      this.#source?.pause();
    }
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
   * Handles messages one after another. Nothing waits for the next message in between: a waiting promise would be kept
   * for each of many sockets that are silent most of the time.
   */
  handleEach(handler: FrameHandler): void {
    this.#handler = handler;
    this.#start(handler, this.#take());
  }

  /**
   * No more will come.
   *
   * @param keep - Whether waiting messages are still handled.
   */
  end(keep: boolean): void {
    if (!keep) this.#frames?.splice(0);
    this.#ended = true;
    for (const give of this.#waiting?.splice(0) ?? []) give(undefined);
    if (this.#handler !== undefined && !this.#isHandling) this.#start(this.#handler, undefined);
  }

  #start(handler: FrameHandler, first: Frame | undefined): void {
    this.#isHandling = true;
    handler
      .runInAsyncScope(this.#handleAll, this, handler, first)
      .catch((error: unknown) => handler.end({ error }));
  }

  async #handleAll(handler: FrameHandler, first: Frame | undefined): Promise<void> {
    let handled = 0;
    for (let frame = first; frame !== undefined; frame = this.#take()) {
      await handler.handle(frame);
      if (++handled % MESSAGES_A_TURN === 0) await nextTurn();
    }
    this.#frames = undefined;
    this.#isHandling = false;
    if (!this.#ended) return;
    this.#handler = undefined; // it may be told several times that no more will come
    handler.end(undefined);
  }

  #take(): Frame | undefined {
    const frame = this.#frames?.shift();
    if (this.#paused && (this.#frames?.length ?? 0) < this.#max) {
      this.#paused = false;
      this.#source?.resume();
    }
    return frame;
  }
}
