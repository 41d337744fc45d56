import { taskWorkId } from "../threads/work.ts";
import { enterMarked, markOf, marks, runMarked } from "../watch/marks.ts";

interface LoopOperation<Request, Reply> {
  readonly declaration: { readonly id: string };
  readonly readsForm: boolean;
  readonly run: (request: Request) => Reply;
}

/** An operation on the loop whose requests are counted where the watchdog sees them while the loop is blocked. */
export class WatchedOperation<
  Operation extends LoopOperation<Request, Reply>,
  Request extends { readonly id: string } = Parameters<Operation["run"]>[0],
  Reply = ReturnType<Operation["run"]>,
> {
  readonly declaration: Operation["declaration"];
  readonly readsForm: boolean;
  readonly #run: (request: Request) => Reply;
  readonly #mark: number;
  #running = 0;

  /** @param operation - The operation as it runs unwatched. */
  constructor({ declaration, readsForm, run }: Operation) {
    this.declaration = declaration;
    this.readsForm = readsForm;
    this.#run = run;
    this.#mark = markOf(declaration.id);
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
    return enterMarked({ mark: this.#mark, request: request.id }, this.#run, request);
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
