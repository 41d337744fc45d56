import type { ResolvedSettings } from "../app/settings/settings.ts";
import {
  ConnectionWork,
  DependencyWork,
  ErrorHandlerWork,
  MessageWork,
  OperationWork,
  TaskWork,
  type Work,
} from "../threads/crossing/work.ts";

/** Which work may have to be ended while it runs: also tasks, where what awaits them on the loop may be. */
export function listEndable(works: readonly Work[], timeouts: ResolvedSettings["timeouts"]): boolean[] {
  const mayEndTasks = works.some((work) => work.declaration.lane === "loop" && mayBeEnded(work, timeouts));
  return works.map((work) => mayBeEnded(work, timeouts) || (mayEndTasks && work instanceof TaskWork));
}

function mayBeEnded(work: Work, timeouts: ResolvedSettings["timeouts"]): boolean {
  const isDurable = work instanceof TaskWork && work.declaration.durable !== undefined;
  if (work instanceof ErrorHandlerWork) return true; // by the deadline of the operation that failed
  return isDurable || deadlineOf(work, timeouts) !== undefined;
}

/** The deadline of a piece of work: its own, or the app's for its kind. */
export function deadlineOf(work: Work, timeouts: ResolvedSettings["timeouts"]): number | undefined {
  if (work instanceof DependencyWork) return deadlineOf(work.operation, timeouts);
  if (work instanceof OperationWork || work instanceof MessageWork)
    return work.declaration.timeoutMs ?? timeouts.operationMs;
  if (work instanceof ConnectionWork || work instanceof ErrorHandlerWork) return timeouts.operationMs;
  return work instanceof TaskWork ? (work.declaration.timeoutMs ?? timeouts.taskMs) : undefined;
}

/** The reason that a signal aborts with when a deadline passes. */
export function passed(timeoutMs: number): DOMException {
  return new DOMException(`${timeoutMs} ms have passed`, "TimeoutError");
}

/**
 * Waits for work on the loop, but only until its deadline. Nothing can end the work itself: it may continue.
 *
 * @param onLate - Called with the elapsed time when the deadline passes; what it returns or throws replaces the outcome
 * of the work.
 */
export function withinDeadline<T>(
  timeoutMs: number,
  work: Promise<T>,
  onLate: (elapsedMs: number) => T,
): Promise<T> {
  const start = performance.now();
  // Not by Promise.race, which costs a request twice as much.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        resolve(onLate(performance.now() - start));
      } catch (error) {
        reject(error);
      }
    }, timeoutMs);
    work.then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** The sources of each composite signal, for as long as that is in use. */
const sourcesOf = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/**
 * A signal that aborts as soon as one of several does. Node's composite signal alone would stay silent for ever once one
 * of its sources was garbage collected, and often nothing else holds a deadline's.
 */
export function anySignal(sources: AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any(sources);
  sourcesOf.set(signal, sources);
  return signal;
}
