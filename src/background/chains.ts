import type { BackgroundCall } from "../app/background.ts";
import { runBackground, type TaskFailure } from "./run.ts";

/** Runs one call of a request's on its lane. */
export type RunCall = (call: BackgroundCall, request: string) => Promise<unknown>;

/** Told of what goes wrong after a response. */
export type OnTaskFailure = (failure: TaskFailure, request: string, operation: string) => void;

/** Closes what a request has left open. Never throws. */
export type Finish = (failure: { readonly error: unknown } | undefined) => Promise<void>;

/** One request's tasks under way. */
interface Chain {
  readonly request: string;
  readonly calls: readonly BackgroundCall[];
  /** Index of the call that runs. */
  running: number;
}

/** The tasks of all requests: each request's in order, independent of the others'. */
export class BackgroundChains {
  readonly #run: RunCall;
  readonly #onFailure: OnTaskFailure;
  readonly #chains = new Set<Chain>();
  #abandoned = false;
  #onEmpty: (() => void) | undefined;

  constructor(run: RunCall, onFailure: OnTaskFailure) {
    this.#run = run;
    this.#onFailure = onFailure;
  }

  /** How many requests have tasks that have not ended. */
  get size(): number {
    return this.#chains.size;
  }

  /**
   * Starts a request's tasks; to be called when its response has been sent. Never throws.
   *
   * @param finish - Closes what the request has left open, once the tasks have ended; given what went wrong in them.
   */
  start(request: string, operation: string, calls: readonly BackgroundCall[], finish: Finish): void {
    const chain: Chain = { request, calls, running: 0 };
    this.#chains.add(chain);
    const onStart = (index: number): boolean => {
      chain.running = index;
      return !this.#abandoned;
    };
    void runBackground(calls, (call) => this.#run(call, request), onStart).then(async (failure) => {
      if (failure !== undefined) this.#onFailure(failure, request, operation);
      await finish(failure && { error: failure.thrown });
      this.#chains.delete(chain);
      if (this.#chains.size === 0) this.#onEmpty?.();
    });
  }

  /** Resolves when no task is left. */
  drained(): Promise<void> {
    if (this.#chains.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Starts no more tasks. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Names of the tasks that have not ended, those that run first, by request. */
  unfinished(): { readonly request: string; readonly tasks: string[] }[] {
    return [...this.#chains].map(({ request, calls, running }) => ({
      request,
      tasks: calls.slice(running).map(({ task }) => task.name),
    }));
  }
}
