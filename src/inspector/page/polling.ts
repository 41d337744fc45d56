const LEAST_PAUSE_MS = 1_000;
/** A slow answer is requested no more often than this share of the time. */
const ASKING_SHARE = 0.05;
const PAUSE_AFTER_PROBLEM_MS = 3_000;

/** Asks again and again, while the page is visible. */
export class Polling {
  #stop: AbortController | undefined;
  #round: (() => void) | undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => this.now());
  }

  /**
   * Starts asking for this, instead of what was asked for until now.
   *
   * @param ask - Asks, and shows the answer.
   * @param onProblem - Called with the reason why nothing could be shown; undefined once it can be.
   */
  start(ask: (signal: AbortSignal) => Promise<void>, onProblem: (problem: string | undefined) => void): void {
    this.stop();
    this.#round = () => {
      this.#stop?.abort();
      this.#stop = new AbortController();
      if (!document.hidden) void this.#run(ask, onProblem, this.#stop.signal);
    };
    this.#round();
  }

  /** Asks at once, and continues from there. */
  now(): void {
    this.#round?.();
  }

  stop(): void {
    this.#stop?.abort();
    this.#round = undefined;
  }

  async #run(
    ask: (signal: AbortSignal) => Promise<void>,
    onProblem: (problem: string | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const begun = performance.now();
      let pause = LEAST_PAUSE_MS;
      try {
        await ask(signal);
        pause = Math.max(pause, (performance.now() - begun) / ASKING_SHARE);
        if (!signal.aborted) onProblem(undefined);
      } catch (error) {
        pause = PAUSE_AFTER_PROBLEM_MS;
        if (!signal.aborted) onProblem((error as Error).message);
      }
      await paused(pause, signal);
    }
  }
}

function paused(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
