import type { Frame } from "../../operation/messages.ts";

/** Where the messages come from. */
interface Source {
  pause(): void;
  resume(): void;
}

/** A socket's messages that wait to be handled. When it is full nothing more is read, which slows the client down. */
export class Inbox {
  readonly #max: number;
  readonly #frames: Frame[] = [];
  #source: Source | undefined;
  #waiting: ((frame: Frame | undefined) => void) | undefined;
  #ended = false;
  #paused = false;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether nothing more is read until some have been handled. */
  get isPaused(): boolean {
    return this.#paused;
  }

  open(source: Source): void {
    this.#source = source;
  }

  push(frame: Frame): void {
    if (this.#ended) return;
    if (this.#waiting !== undefined) return void this.#give(frame);
    this.#frames.push(frame);
    if (this.#paused || this.#frames.length < this.#max) return;
    this.#paused = true;
    this.#source?.pause();
  }

  /** The next message; undefined when no more will come. */
  next(): Promise<Frame | undefined> | Frame | undefined {
    const frame = this.#frames.shift();
    if (this.#paused && this.#frames.length < this.#max) {
      this.#paused = false;
      this.#source?.resume();
    }
    if (frame !== undefined || this.#ended) return frame;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /**
   * No more will come.
   *
   * @param keep - Whether those that wait are still handled.
   */
  end(keep: boolean): void {
    if (!keep) this.#frames.splice(0);
    this.#ended = true;
    this.#give(undefined);
  }

  #give(frame: Frame | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(frame);
  }
}
