import { AsyncLocalStorage } from "node:async_hooks";
import { promiseHooks } from "node:v8";
import type { Caller } from "../lanes/around.ts";
import { createMarkWords, MAX_MARKS, type MarkWords, marksInProgress, RUNNING } from "./shared-words.ts";

/** One run of an operation or task, as the tasks that its code calls know it, too. */
export interface Run extends Caller {
  readonly mark: number;
  /** When it began, from `performance.now()`; while continuations are marked, when it last continued. */
  at: number;
}

/** Stands for everything beyond the table. */
const LAST_MARK = MAX_MARKS - 1;

/** Shared by the whole process: several servers share one loop, and whichever watchdog looks must know all operations. */
export const marks: MarkWords = createMarkWords();
/** The run that the current code belongs to, across awaits. */
export const runs: AsyncLocalStorage<Run> = new AsyncLocalStorage();

const names: string[] = [""];
const byName = new Map<string, number>();
const listeners = new Set<(names: readonly string[]) => void>();
const sleepers = new Set<() => void>();

/** The mark of an operation or task: always the same number for the same name. */
export function markOf(name: string): number {
  const known = byName.get(name);
  if (known !== undefined) return known;
  if (names.length === MAX_MARKS) return LAST_MARK;
  const mark = names.length;
  names.push(mark === LAST_MARK ? "(one of many)" : name);
  byName.set(name, mark);
  for (const listener of listeners) listener(names);
  return mark;
}

/** The name behind each mark. */
export function markNames(): readonly string[] {
  return names;
}

/** Calls the listener whenever a mark is added. Returns the function that ends this. */
export function onNewMark(listener: (names: readonly string[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls a function once, when the next run begins. Returns the function that revokes this. */
export function onNextRun(sleeper: () => void): () => void {
  sleepers.add(sleeper);
  return () => sleepers.delete(sleeper);
}

function wakeSleepers(): void {
  const waking = [...sleepers];
  sleepers.clear();
  for (const wake of waking) wake();
}

/** Calls a function so that it, and everything it awaits, is known to belong to a mark. */
export function runMarked<Argument, Result>(
  run: Run,
  fn: (argument: Argument) => Result,
  argument: Argument,
): Result {
  return runs.run(run, callMarked<Argument, Result>, run, fn, argument);
}

/**
 * The same for the last thing that a callback of Node's does. It enters the run without leaving it, since Node ends the
 * context together with the callback: leaving costs three times as much as entering.
 */
export function enterMarked<Argument, Result>(
  run: Run,
  fn: (argument: Argument) => Result,
  argument: Argument,
): Result {
  runs.enterWith(run);
  return callMarked(run, fn, argument);
}

function callMarked<Argument, Result>(
  run: Run,
  fn: (argument: Argument) => Result,
  argument: Argument,
): Result {
  if (sleepers.size > 0) wakeSleepers();
  const outer = marks[RUNNING] as number;
  marks[RUNNING] = run.mark;
  try {
    return fn(argument);
  } finally {
    marks[RUNNING] = outer;
  }
}

/** Whether any marked run is in progress. */
export function isAnyInProgress(): boolean {
  return marksInProgress(marks, names.length).length > 0;
}

/**
 * Also marks what runs after an await, so that even a native call that cannot be looked into has a name. Costs a few
 * percent of a request that does nothing; for development. Returns the function that ends this.
 */
export function markContinuations(): () => void {
  const stopBefore = promiseHooks.onBefore(() => {
    const run = runs.getStore();
    marks[RUNNING] = run?.mark ?? 0;
    if (run !== undefined) run.at = performance.now();
  });
  const stopAfter = promiseHooks.onAfter(() => {
    marks[RUNNING] = 0;
  });
  return () => {
    (stopBefore as () => void)();
    (stopAfter as () => void)();
  };
}
