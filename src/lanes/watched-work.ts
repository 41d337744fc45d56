import { taskWorkId } from "../threads/crossing/work.ts";
import { enterMarked, markOf, marks, type Run, runMarked, runs } from "../watch/marks.ts";

interface LoopOperation<Request, Reply> {
  readonly declaration: { readonly id: string };
  readonly readsForm: boolean;
  readonly parsesBody: boolean;
  readonly run: (request: Request) => Reply;
}

type RunWithin = <Argument, Result>(
  run: Run,
  fn: (argument: Argument) => Result,
  argument: Argument,
) => Result;

/** An operation on the loop whose requests are counted where the watchdog sees them while the loop is blocked. */
export class WatchedOperation<
  Operation extends LoopOperation<Request, Reply>,
  Request extends { readonly id: string } = Parameters<Operation["run"]>[0],
  Reply = ReturnType<Operation["run"]>,
> {
  readonly declaration: Operation["declaration"];
  readonly readsForm: boolean;
  readonly parsesBody: boolean;
  readonly #run: (request: Request) => Reply;
  readonly #mark: number;
  readonly #runWithin: RunWithin;
  #running = 0;

  /**
   * @param operation - The operation as it runs unwatched.
   * @param isLast - Whether a callback of Node's does nothing after calling it. A plugin's hook may: it may hold
   * requests back and then let several go at once.
   */
  constructor({ declaration, readsForm, parsesBody, run }: Operation, isLast: boolean) {
    this.declaration = declaration;
    this.readsForm = readsForm;
    this.parsesBody = parsesBody;
    this.#run = run;
    this.#mark = markOf(declaration.id);
    this.#runWithin = isLast ? enterMarked : runMarked;
  }

  get running(): number {
    return this.#running;
  }

  set running(count: number) {
    // Another server of this process may have an operation of the same name.
    marks[this.#mark]! += count - this.#running;
    this.#running = count;
  }

  run(request: Request): Reply {
    return this.#runWithin({ mark: this.#mark, request: request.id }, this.#run, request);
  }
}

/** Runs a task on the loop so that the watchdog knows it. */
export async function watchTask(name: string, run: () => Promise<unknown>): Promise<unknown> {
  const mark = markOf(taskWorkId(name));
  marks[mark]!++;
  try {
    return await runMarked({ mark, request: undefined }, run, undefined);
  } finally {
    marks[mark]!--;
  }
}

/** Has the chunks of the run at hand made as part of it: the stream that asks for them belongs to no run. */
export function watchChunks<Chunk>(chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk> {
  const run = runs.getStore();
  return run === undefined ? chunks : makeWithin(run, chunks);
}

async function* makeWithin<Chunk>(run: Run, chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  marks[run.mark]!++;
  try {
    for (;;) {
      const result = await runMarked(run, () => iterator.next(), undefined);
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    marks[run.mark]!--;
    await runMarked(run, async () => iterator.return?.(), undefined);
  }
}
