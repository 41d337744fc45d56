import type { Logger } from "pino";
import type { BackgroundCall } from "../app/tasks/background.ts";
import { type DescribedError, describeError, loggable } from "../errors/described-error.ts";
import { nextTurn } from "../errors/timers.ts";
import type { RunTask } from "./around.ts";

/** Called with whatever goes wrong after a response. */
export type OnTaskFailure = (failed: FailedTask) => void;

/** Closes what a request has left open. Never throws. */
export type Finish = (failure: { readonly error: unknown } | undefined) => Promise<void>;

/** The request that tasks follow. */
export interface FollowedRequest {
  /** Its id in the log. */
  readonly id: string;
  /** What it has added to its log lines so far. */
  readonly bindings?: object | undefined;
}

/** A request with something left to do after its response. */
export interface UnfinishedRequest {
  readonly request: string;
  readonly operation: string;
  readonly tasks: string[];
}

/** For how long tasks that await nothing run on before other work of the loop has its turn. */
const TURN_MS = 10;
/** So many names of tasks a line of the log has room for. */
const MOST_NAMES = 20;

/** The tasks of one request, of which one runs at a time. */
class Chain {
  readonly request: string;
  readonly operation: string;
  readonly #calls: BackgroundCall[];
  /** The next one last: to take the first of many thousands moves all others. */
  #taken: BackgroundCall[] = [];
  #running: BackgroundCall | undefined;

  /** @param calls - Emptied; more may be added. */
  constructor(request: string, operation: string, calls: BackgroundCall[]) {
    this.request = request;
    this.operation = operation;
    this.#calls = calls;
  }

  /** Takes the next one, which counts as running from then on. */
  next(): BackgroundCall | undefined {
    if (this.#taken.length === 0) this.#taken = this.#calls.splice(0).reverse();
    this.#running = this.#taken.pop();
    return this.#running;
  }

  /** Names of those that have not ended, in order. */
  get unfinished(): string[] {
    const running = this.#running === undefined ? [] : [this.#running];
    return [...running, ...this.#taken.toReversed(), ...this.#calls].map(({ task }) => task.name);
  }

  /** Ends it after the one that runs. @returns The names of the others, in order. */
  skipRest(): string[] {
    this.#running = undefined;
    const skipped = this.unfinished;
    this.#taken = [];
    this.#calls.length = 0;
    return skipped;
  }
}

/** The tasks of all requests: those of one request run in order, independently of all others. */
export class BackgroundChains {
  readonly #run: RunTask;
  readonly #onFailure: OnTaskFailure;
  readonly #chains = new Set<Chain>();
  #abandoned = false;
  #empty: PromiseWithResolvers<void> | undefined;

  constructor(run: RunTask, onFailure: OnTaskFailure) {
    this.#run = run;
    this.#onFailure = onFailure;
  }

  /**
   * Starts a request's tasks; call this once its response has been sent. Never throws.
   *
   * @param calls - Emptied as the tasks run; more may be added until they have run.
   * @param finish - Closes what the request has left open, once the tasks have ended; receives what went wrong in them.
   */
  start(request: FollowedRequest, operation: string, calls: BackgroundCall[], finish: Finish): void {
    const chain = new Chain(request.id, operation, calls);
    this.#chains.add(chain);
    const mayStart = (): boolean => !this.#abandoned;
    const run: RunCall = ({ task, args }) => {
      const { id, bindings } = request;
      return this.#run({ task, args, class: "background", request: id, bindings });
    };
    void runBackground(chain, run, mayStart).then(async (failure) => {
      if (failure !== undefined) this.#onFailure({ ...failure, request, operation });
      await finish(failure && { error: failure.thrown });
      this.#chains.delete(chain);
      if (this.#chains.size === 0) {
        this.#empty?.resolve();
        this.#empty = undefined;
      }
    });
  }

  /** Resolves when no task is left. */
  async drained(): Promise<void> {
    if (this.#chains.size === 0) return;
    this.#empty ??= Promise.withResolvers();
    await this.#empty.promise;
  }

  /** Starts no more tasks. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Requests that have not ended, with the names of their unfinished tasks in order: none where only dependencies close. */
  unfinished(): UnfinishedRequest[] {
    return [...this.#chains].map(({ request, operation, unfinished: tasks }) => ({
      request,
      operation,
      tasks,
    }));
  }
}

/** Runs one call on its lane. */
export type RunCall = (call: BackgroundCall) => Promise<unknown>;

/** A failed task, for the log. */
export interface TaskFailure {
  readonly task: string;
  readonly error: DescribedError;
  /** The value it threw. */
  readonly thrown: unknown;
  /** Tasks of the same request that do not run because of the failure. */
  readonly skipped: readonly string[];
}

/** The same, with the request it belongs to. */
export interface FailedTask extends TaskFailure {
  readonly request: FollowedRequest;
  readonly operation: string;
}

/**
 * Runs one request's tasks in order, each after the previous one has ended. The first failure stops the rest
 * (Starlette's `BackgroundTasks.__call__`). Tasks added meanwhile run after the others.
 *
 * @param mayStart - Asked before each call.
 * @returns The failure that stopped it, if there was one.
 */
async function runBackground(
  chain: Chain,
  run: RunCall,
  mayStart: () => boolean,
): Promise<TaskFailure | undefined> {
  let turnedAt = performance.now();
  for (let call = chain.next(); call !== undefined; call = chain.next()) {
    // Many tasks that await nothing, or one that adds itself again, must not keep everything else from running.
    if (performance.now() - turnedAt > TURN_MS) {
      await nextTurn();
      turnedAt = performance.now();
    }
    if (!mayStart()) return undefined;
    try {
      await run(call);
    } catch (thrown) {
      const skipped = chain.skipRest();
      return { task: call.task.name, error: describeError(thrown), thrown, skipped };
    }
  }
  return undefined;
}

/** At level debug, logs a line for each task that follows a response and does not fail. */
export function logTasks(log: Logger, run: RunTask): RunTask {
  if (!log.isLevelEnabled("debug")) return run;
  return async (call) => {
    const start = performance.now();
    const result = await run(call);
    const ms = Math.round((performance.now() - start) * 1000) / 1000;
    const { task, request: reqId, bindings } = call;
    log.debug(
      { reqId, ...bindings, task: task.name, lane: task.lane, ms },
      `background task "${task.name}" done`,
    );
    return result;
  };
}

/** Logs a failed task, and which others did not run because of it. */
export function logTaskFailure(log: Logger, { task, error, skipped, request, operation }: FailedTask): void {
  const names = shownNames(skipped);
  const rest =
    skipped.length === 0 ? "" : `; ${skipped.length} of its later tasks did not run: ${names.join(", ")}`;
  log.error(
    { reqId: request.id, operation, ...request.bindings, task, skipped: names, err: loggable(error) },
    `background task "${task}" of ${operation} failed: ${error.message}${rest}`,
  );
}

/** Names of tasks for a line of the log: those who collect logs cut a long line, or drop it. */
export function shownNames(names: readonly string[]): readonly string[] {
  if (names.length <= MOST_NAMES) return names;
  return [...names.slice(0, MOST_NAMES), `and ${names.length - MOST_NAMES} more`];
}
