import type { App } from "../app/app.ts";
import { servedOverrides } from "../app/parts.ts";
import { Urls } from "../app/urls.ts";
import { SharedDependencies } from "../operation/open-dependencies.ts";
import { compiledTasks, listTaskWork, needsThread } from "../threads/crossing/app-work.ts";
import type { Work } from "../threads/crossing/work.ts";
import type { ThreadCalls } from "../threads/pool/calls.ts";
import type { ThreadPool } from "../threads/pool/pool.ts";
import { type Arounds, compose, type TaskCall } from "./around.ts";
import { chooseForTasks, type LaneRun, observeTasks } from "./choose.ts";
import { createLoop, type LaneOptions, letTasksBeCalled } from "./lanes.ts";
import { openCalls, openPool } from "./open-pool.ts";

/**
 * The tasks of an app that is not served, or not yet. They can be called, and the first call that needs a thread starts
 * it. Its threads know only the tasks; they open what belongs to each thread, its lifespans, when they start.
 */
export class TaskThreads {
  readonly #app: App;
  readonly #options: LaneOptions;
  readonly #works: readonly Work[];
  readonly #arounds: Arounds;
  readonly #unbind: () => void;
  readonly #running = new Set<Promise<unknown>>();
  #pool: ThreadPool | undefined;
  #threads: Promise<ThreadCalls> | undefined;

  constructor(app: App, options: LaneOptions) {
    this.#app = app;
    this.#options = options;
    const { log } = options;
    const { timeouts } = options.settings;
    const overrides = servedOverrides(app);
    this.#works = listTaskWork(app, overrides);
    this.#arounds = compose(options.arounds);
    const tasks = compiledTasks(this.#works);
    const shared = new SharedDependencies(overrides);
    const parts = { shared, session: undefined, urls: new Urls({ operations: [], sockets: [] }) };
    const onLane: LaneRun<TaskCall, unknown> = async (call, record) => {
      const compiled = tasks.get(call.task.name) ?? { plan: undefined };
      const usesThread = call.task.lane === "thread" || needsThread(compiled);
      const threads = usesThread ? await this.#open() : undefined;
      const loop = createLoop({ ...parts, threads, arounds: this.#arounds });
      return chooseForTasks({ threads, loop, timeouts, log, tasks })(call, record);
    };
    const run = this.#arounds.task(observeTasks((call, record) => this.#note(onLane(call, record))));
    this.#unbind = letTasksBeCalled(app, run, this.#arounds);
  }

  /** Ends its threads, and with them whatever still runs there; the tasks can no longer be called. */
  async close(): Promise<void> {
    this.#unbind();
    await this.#pool?.close();
  }

  /** Someone else runs the tasks from now on: its threads end once the earlier calls have ended. */
  handOver(): void {
    this.#unbind();
    void Promise.allSettled(this.#running).then(() => this.#pool?.close());
  }

  /** Notes a call until it has ended: from its beginning, since it may wait for the first thread. */
  #note<Result>(running: Promise<Result>): Promise<Result> {
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  /** A failed start is tried again on the next call. */
  #open(): Promise<ThreadCalls> {
    this.#threads ??= this.#start().catch((error: unknown) => {
      this.#threads = undefined;
      throw error;
    });
    return this.#threads;
  }

  async #start(): Promise<ThreadCalls> {
    const { timeouts } = this.#options.settings;
    const pool = openPool(this.#app, this.#works, this.#options, { given: [], part: "tasks" });
    this.#pool = pool;
    await pool.start();
    return openCalls(this.#app, pool, this.#works, { arounds: this.#arounds, timeouts });
  }
}
