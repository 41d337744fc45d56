import type { OffloopError } from "../errors/offloop-error.ts";

const FIRST_MS = 100;
const LAST_MS = 30_000;

/** The growing pause after threads that could not load the app, or ended before they did anything. */
export class StartDelay {
  readonly #onOver: () => void;
  #ms = 0;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: OffloopError | undefined;

  /** @param onOver - Called when a pause is over: without any thread nothing else would try again. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** Whether no thread should be started now. */
  get isOn(): boolean {
    return performance.now() < this.#until;
  }

  /** Why the last thread failed, while no later one has loaded the app. */
  get failure(): OffloopError | undefined {
    return this.#failure;
  }

  fail(error: OffloopError): void {
    this.#failure = error;
    this.#ms = Math.min(LAST_MS, Math.max(FIRST_MS, this.#ms * 2));
    this.#until = performance.now() + this.#ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#until = 0;
      this.#onOver();
    }, this.#ms).unref();
  }

  /** A thread has loaded the app. */
  succeed(): void {
    this.#failure = undefined;
    this.#until = 0;
  }

  /** A thread has done something: the next pause is a short one again. */
  prove(): void {
    if (this.#failure === undefined) this.#ms = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
