import { taskWorkId } from "../threads/work.ts";
import { markOf, marks, runMarked } from "../watch/marks.ts";

/** An operation on the loop whose requests are counted where the watchdog sees them while the loop is blocked. */
export class WatchedOperation<
  Declaration extends { readonly id: string },
  Request extends { readonly id: string },
  Reply,
> {
  readonly declaration: Declaration;
  readonly #run: (request: Request) => Reply;
  readonly #mark: number;
  #running = 0;

  /** @param run - How it is run unwatched. */
  constructor(declaration: Declaration, run: (request: Request) => Reply) {
    this.declaration = declaration;
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
    return runMarked(this.#mark, request.id, this.#run, request);
  }
}

/** Runs a task on the loop so that the watchdog knows it. */
export async function watchTask(name: string, run: () => Promise<unknown>): Promise<unknown> {
  const mark = markOf(taskWorkId(name));
  marks[mark]!++;
  try {
    return await runMarked(mark, undefined, run);
  } finally {
    marks[mark]!--;
  }
}
