import { setImmediate as nextTurn } from "node:timers/promises";
import type { BackgroundCall } from "../app/background.ts";
import { type DescribedError, describeError } from "../errors/described-error.ts";

/** Runs one call on its lane. */
export type RunCall = (call: BackgroundCall) => Promise<unknown>;

/** A failed task, for the log. */
export interface TaskFailure {
  readonly task: string;
  readonly error: DescribedError;
  /** What it threw. */
  readonly thrown: unknown;
  /** Tasks of the same request that do not run because of it. */
  readonly skipped: readonly string[];
}

/**
 * Runs one request's tasks: in order, each when the one before has ended. The first failure stops the rest
 * (Starlette's `BackgroundTasks.__call__`). Tasks added meanwhile run after the others.
 *
 * @param calls - May grow while it runs.
 * @param onStart - Told the index of each call before it runs; says whether it may.
 * @returns The failure that stopped it, if there was one.
 */
export async function runBackground(
  calls: readonly BackgroundCall[],
  run: RunCall,
  onStart: (index: number) => boolean,
): Promise<TaskFailure | undefined> {
  const given = calls.length;
  for (let index = 0; index < calls.length; index++) {
    const call = calls[index] as BackgroundCall;
    // A task that adds itself again, and awaits nothing, must not keep everything else from running.
    if (index >= given) await nextTurn();
    if (!onStart(index)) return undefined;
    try {
      await run(call);
    } catch (thrown) {
      const skipped = calls.slice(index + 1).map(({ task }) => task.name);
      return { task: call.task.name, error: describeError(thrown), thrown, skipped };
    }
  }
  return undefined;
}
