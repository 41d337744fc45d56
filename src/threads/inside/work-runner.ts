import type { ErrorHandlers } from "../../app/error-handlers.ts";
import type { SharedDependencies } from "../../operation/open-dependencies.ts";
import { isWhole } from "../../operation/raw.ts";
import { runOperation } from "../../operation/run.ts";
import type { Runtime } from "../../operation/runtime.ts";
import {
  type DependencyPayload,
  type FailurePayload,
  runDependency,
  runErrorHandler,
} from "../crossing/remote.ts";
import { type Packed, packReply, type ReplyPayload } from "../crossing/reply-message.ts";
import { type CallServices, ReceivedRequest, type RequestPayload } from "../crossing/request-message.ts";
import { packThrown, type TaskOutcome } from "../crossing/thrown.ts";
import { DependencyWork, OperationWork, TaskWork, type Work } from "../crossing/work.ts";
import { type FollowUp, OpenReplies } from "./streams.ts";

/** What a thread runs its calls with. */
export type Runner = Pick<WorkRunner, "works" | "run">;

/** In a thread: runs any work of the app. */
export class WorkRunner {
  /** What the indexes in calls stand for. */
  readonly works: readonly Work[];
  readonly #handlers: ErrorHandlers;
  readonly #runtime: Runtime;
  readonly #open = new OpenReplies();

  /**
   * @param works - What the indexes in calls stand for.
   * @param handlers - The app's error handlers.
   * @param shared - The values that outlive requests in this thread.
   * @param traceDependency - Makes dependencies as spans, when they are traced.
   */
  constructor(
    works: readonly Work[],
    handlers: ErrorHandlers,
    shared: SharedDependencies,
    traceDependency: Runtime["traceDependency"],
  ) {
    this.works = works;
    this.#handlers = handlers;
    const elsewhere = { makeOnThread: isThere, answerOnThread: isThere };
    this.#runtime = { inThread: true, shared, ...elsewhere, traceDependency };
  }

  /** Runs one call. Never throws: what goes wrong is its outcome. */
  async run(index: number, payload: unknown, services: CallServices): Promise<Packed<unknown>> {
    const work = this.works[index] as Work;
    if (work instanceof OperationWork)
      return Array.isArray(payload)
        ? this.#runOperation(work, payload as RequestPayload, services)
        : { payload: await this.#follow(payload as FollowUp, services), transfer: [] };
    if (work instanceof TaskWork)
      return { payload: await runTask(work, payload as unknown[], this.#handlers), transfer: [] };
    if (work instanceof DependencyWork) {
      const made = await runDependency(work, payload as DependencyPayload, this.#handlers, services);
      return { payload: made, transfer: [] };
    }
    return runErrorHandler(work, payload as FailurePayload, this.#handlers, services);
  }

  async #runOperation(
    work: OperationWork,
    payload: RequestPayload,
    services: CallServices,
  ): Promise<Packed<ReplyPayload>> {
    const own = services.begin(payload[0], work.id);
    const request = new ReceivedRequest(payload, own);
    const reply = await runOperation(work.compiled, request, this.#runtime);
    return packReply(
      reply,
      isWhole(reply.body) && reply.finish === undefined ? undefined : this.#open.hold(reply, own),
    );
  }

  async #follow(followUp: FollowUp, services: CallServices): Promise<TaskOutcome> {
    try {
      return [true, await this.#open.follow(followUp, services)];
    } catch (thrown) {
      return [false, packThrown(thrown)];
    }
  }
}

async function isThere(): Promise<never> {
  throw new Error("this is a thread");
}

async function runTask(
  { declaration }: TaskWork,
  args: unknown[],
  handlers: ErrorHandlers,
): Promise<TaskOutcome> {
  try {
    return [true, await declaration.fn(...args)];
  } catch (thrown) {
    return [false, packThrown(thrown, handlers)];
  }
}
