import type { Operation } from "../app/operation.ts";
import type { Around, Caller, LaneRequest, RunTask, TaskCall } from "../lanes/around.ts";
import type { Chunk } from "../operation/raw.ts";
import { enterMarked, markNames, markOf, marks, type Run, runMarked, runs } from "./marks.ts";

/** What the lanes know of runs on the loop. */
export interface LoopRuns {
  /** Whether code of an operation runs there. */
  runsOnLoop(operation: Operation): boolean;
  /** Makes the run of a task, as the tasks that its code calls know it. */
  taskCallerOf(call: TaskCall): Caller;
}

/**
 * Lets the watchdog know what runs on the loop, so that it can name what blocks it.
 *
 * @param isLast - Whether a callback of Node's does nothing after calling an operation. A plugin's hook may: it may
 * hold requests back and then release several at once.
 */
export function markRuns(isLast: boolean, { runsOnLoop, taskCallerOf }: LoopRuns): Around {
  const runWithin = isLast ? enterMarked : runMarked;
  return {
    operation: (operation, run) => {
      if (!runsOnLoop(operation)) return run;
      const { id } = operation;
      const mark = markOf(id);
      return (request) => runWithin(begin(mark, request), run, request);
    },
    // Another server of this process may have an operation with the same name.
    count: (operation) => {
      if (!runsOnLoop(operation)) return undefined;
      const mark = markOf(operation.id);
      return (change) => {
        marks[mark]! += change;
      };
    },
    task: (run) => (call) =>
      call.task.lane === "loop" ? markTask(call, taskCallerOf(call), run) : run(call),
    chunks: ({ id, lane }, request, chunks) =>
      lane === "loop" ? markChunks(begin(markOf(id), request), chunks) : chunks,
    caller: () => runs.getStore(),
  };
}

/** Whose code is running now, for log lines; undefined when it belongs to nobody, or nothing is marked. */
export function runAtHand(): object | undefined {
  const run = runs.getStore();
  if (run === undefined) return undefined;
  const name = markNames()[run.mark] as string;
  const reqId = run.request === undefined ? {} : { reqId: run.request };
  return name.startsWith("task ") ? { task: name.slice("task ".length) } : { ...reqId, operation: name };
}

function begin(mark: number, request: LaneRequest): Run {
  const { id, bindings } = request;
  const run: Run = { mark, request: id, at: performance.now(), bindings, late: undefined, isOver: false };
  request.caller = run;
  return run;
}

async function markTask(call: TaskCall, caller: Caller, run: RunTask): Promise<unknown> {
  const mark = markOf(`task ${call.task.name}`);
  marks[mark]!++;
  try {
    const self: Run = { mark, at: performance.now(), ...caller };
    return await runMarked(self, run, { ...call, self });
  } finally {
    marks[mark]!--;
  }
}

/** Makes chunks being produced count as part of their run: the stream that asks for them belongs to none. */
async function* markChunks(run: Run, chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  marks[run.mark]!++;
  try {
    for (;;) {
      run.at = performance.now();
      const result = await runMarked(run, () => iterator.next(), undefined);
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    marks[run.mark]!--;
    await runMarked(run, async () => iterator.return?.(), undefined);
  }
}
