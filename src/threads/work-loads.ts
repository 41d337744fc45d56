import type { Call } from "./call.ts";
import { RunHistory } from "./run-history.ts";

/** For each work: how long it took lately, and how many of its calls are on threads. */
export class WorkLoads {
  readonly #histories: RunHistory[];
  readonly #onThreads: Int32Array;

  /** @param count - How many works there are. */
  constructor(count: number) {
    this.#histories = Array.from({ length: count }, () => new RunHistory());
    this.#onThreads = new Int32Array(count);
  }

  /** A call goes to a thread. */
  enter({ work }: Call): void {
    this.#onThreads[work]!++;
  }

  /** A call has left its thread, done or not. */
  leave({ work }: Call): void {
    this.#onThreads[work]!--;
  }

  /** How many of its calls are on threads. */
  onThreads(work: number): number {
    return this.#onThreads[work] as number;
  }

  record({ work }: Call, runMs: number): void {
    this.#histories[work]!.record(runMs);
  }

  /** Whether several calls of it may be handed to a thread at once. */
  isQuick = (work: number): boolean => this.#histories[work]!.isQuick;

  /** Whether it has been short so far. False before its first run. */
  isShort(work: number): boolean {
    return this.#histories[work]!.isShort;
  }
}
