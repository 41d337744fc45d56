import { types } from "node:util";
import type { ErrorHandlers } from "../../app/error-handlers.ts";
import type { Operation } from "../../app/operation.ts";
import type { TaskDeclaration } from "../../app/tasks/task-declaration.ts";
import { Urls } from "../../app/urls.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { Exchange } from "../../operation/context.ts";
import { callErrorHandler, errorReply } from "../../operation/error-reply.ts";
import { isWhole, type RawReply } from "../../operation/raw.ts";
import { runOperation } from "../../operation/run.ts";
import { runMessage } from "../../operation/run-message.ts";
import { runTask, type TaskRun } from "../../operation/run-task.ts";
import type { Runtime } from "../../operation/runtime.ts";
import type { ClosePayload, DependencyPayload } from "../crossing/dependency-payloads.ts";
import { type MessagePayload, unpackMessage } from "../crossing/message-call.ts";
import {
  aboutRequest,
  type CallServices,
  type FailurePayload,
  type Followed,
  type FollowUp,
  type Packed,
  packReply,
  ReceivedRequest,
  type ReplyPayload,
  type RequestPayload,
  type RequestServices,
} from "../crossing/payloads.ts";
import { receivedRun, type TaskPayload } from "../crossing/task-call.ts";
import {
  packThrown,
  packValue,
  type TaskOutcome,
  UncloneableValue,
  unpackThrown,
  unpackValue,
} from "../crossing/values.ts";
import {
  ConnectionWork,
  DependencyWork,
  type ErrorHandlerWork,
  MessageWork,
  OperationWork,
  TaskWork,
  taskWorkId,
  type Work,
} from "../crossing/work.ts";
import { DependencySessions } from "./dependencies.ts";
import { OpenReplies } from "./streams.ts";

/** Runs a thread's calls. */
export type Runner = Pick<WorkRunner, "works" | "run">;

/** What surrounds runs in a thread: the counterpart of whatever wraps calls where they are handed over. */
export interface AroundInThread {
  /** Unwraps what calls carry. */
  calls(runner: Runner): Runner;
  readonly dependency: Runtime["traceDependency"];
  /** Surrounds the run of a task that is called in the thread. */
  readonly task: ((task: TaskDeclaration, run: () => Promise<unknown>) => Promise<unknown>) | undefined;
  /** Returns the active context, for a job that is enqueued here. */
  readonly pack: (() => unknown) | undefined;
  /** Names the active span, for log lines. */
  readonly logFields: (() => object) | undefined;
}

function declared(works: readonly (OperationWork | ConnectionWork)[]): Operation[] {
  return works.map(({ declaration }) => declaration);
}

/** What a thread has of its own. */
interface OwnValues extends Pick<Runtime, "shared" | "sessions" | "traceDependency"> {
  /** The prefix before the served app's paths. */
  readonly rootPath: string;
}

/** In a thread: runs any work of the app. */
export class WorkRunner {
  /** The work that the indexes in calls stand for. */
  readonly works: readonly Work[];
  readonly #handlers: ErrorHandlers;
  readonly #runtime: Runtime;
  readonly #open = new OpenReplies();
  readonly #dependencies: DependencySessions;

  /**
   * @param works - The work that the indexes in calls stand for.
   * @param handlers - The app's error handlers.
   * @param own - Values of this thread that outlive requests, sessions, the function that creates dependencies as spans,
   * and what URLs begin with.
   */
  constructor(works: readonly Work[], handlers: ErrorHandlers, { rootPath, ...own }: OwnValues) {
    this.works = works;
    this.#handlers = handlers;
    const elsewhere = { onThread: isThere, answerOnThread: isThere };
    const operations = works.filter((work) => work instanceof OperationWork);
    const sockets = works.filter((work) => work instanceof ConnectionWork);
    const urls = new Urls({ operations: declared(operations), sockets: declared(sockets) }, rootPath);
    this.#runtime = { inThread: true, urls, ...elsewhere, ...own };
    this.#dependencies = new DependencySessions(handlers, this.#runtime);
  }

  /** Runs one call. Never throws: a failure is its outcome. */
  run(index: number, payload: unknown, services: CallServices): Promise<Packed<unknown>> {
    const work = this.works[index] as Work;
    return this.#run(work, payload, services).catch((thrown: unknown) => failed(work, payload, thrown));
  }

  async #run(work: Work, payload: unknown, services: CallServices): Promise<Packed<unknown>> {
    if (isFollowUp(payload)) return copied(await this.#open.follow(payload, services));
    if (work instanceof OperationWork) return this.#runOperation(work, payload as RequestPayload, services);
    if (work instanceof MessageWork) return this.#runMessage(work, payload as MessagePayload, services);
    if (work instanceof TaskWork) return copied(await this.#runTask(work, payload as TaskPayload, services));
    if (work instanceof DependencyWork)
      return copied(await this.#runDependencies(work, payload as DependencyPayload | ClosePayload, services));
    return this.#answerError(work as ErrorHandlerWork, payload as FailurePayload, services);
  }

  async #runOperation(
    work: OperationWork,
    payload: RequestPayload,
    services: CallServices,
  ): Promise<Packed<ReplyPayload>> {
    const own = services.begin(aboutRequest(payload, work.id));
    const request = new ReceivedRequest(payload, own);
    return this.#pack(work, await runOperation(work.compiled, request, this.#runtime), own);
  }

  async #runMessage(
    work: MessageWork,
    payload: MessagePayload,
    services: CallServices,
  ): Promise<Packed<ReplyPayload>> {
    const own = services.begin(aboutRequest(payload.request, work.id));
    const request = new ReceivedRequest(payload.request, own);
    return this.#pack(
      work,
      await runMessage(work.compiled, request, unpackMessage(payload), this.#runtime),
      own,
    );
  }

  #runDependencies(
    work: DependencyWork,
    payload: DependencyPayload | ClosePayload,
    services: CallServices,
  ): Promise<TaskOutcome> {
    return "calls" in payload
      ? this.#dependencies.call(work, payload, services)
      : this.#dependencies.close(payload, services);
  }

  async #runTask(work: TaskWork, payload: TaskPayload, services: CallServices): Promise<TaskOutcome> {
    const { declaration, compiled } = work;
    try {
      const args = unpackValue(payload.args, this.#handlers) as unknown[];
      const run = receivedRun(declaration, payload, args, services); // also for the tasks that it calls
      const value =
        compiled === undefined ? await declaration.fn(...args) : await runTask(compiled, run, this.#runtime);
      return [true, packValue(value, "result", this.#handlers)];
    } catch (thrown) {
      return [false, packThrown(unsent(work, thrown), this.#handlers)];
    }
  }

  /** Runs a task that is called in this thread. */
  async runHere(
    task: TaskDeclaration,
    args: unknown[],
    services: Pick<TaskRun, "signal" | "log">,
  ): Promise<unknown> {
    const { compiled } = this.works.find(({ id }) => id === taskWorkId(task.name)) as TaskWork;
    return compiled === undefined
      ? task.fn(...args)
      : runTask(compiled, { args, id: "", job: undefined, ...services }, this.#runtime);
  }

  async #answerError(
    work: ErrorHandlerWork,
    payload: FailurePayload,
    services: CallServices,
  ): Promise<Packed<ReplyPayload>> {
    const own = services.begin(aboutRequest(payload.request, work.id));
    const exchange = new Exchange(work.id, new ReceivedRequest(payload.request, own), this.#runtime);
    exchange.takeSession(payload.sessionState);
    const error = unpackThrown(payload.thrown, this.#handlers);
    const reply = exchange.withTasks(await callErrorHandler(work.declaration, exchange, error));
    return this.#pack(work, reply, own);
  }

  #pack(work: Work, reply: RawReply, own: RequestServices): Packed<ReplyPayload> {
    const isReady = isWhole(reply.body) && reply.finish === undefined;
    const open = isReady ? undefined : this.#open.hold(reply, own);
    try {
      return packReply(reply, open);
    } catch (thrown) {
      return packReply(errorReply(unsent(work, thrown)), open);
    }
  }
}

/** An outcome of which nothing moves to the other side. */
function copied(payload: unknown): Packed<unknown> {
  return { payload, transfer: [] };
}

/** The outcome of a call that has failed where nothing answers it: what it leaves cannot be read, or its schemas. */
function failed(work: Work, payload: unknown, thrown: unknown): Packed<unknown> {
  const outcome: TaskOutcome = [false, packThrown(thrown)];
  if (isFollowUp(payload)) return copied([outcome, undefined] satisfies Followed);
  return work instanceof TaskWork || work instanceof DependencyWork
    ? copied(outcome)
    : packReply(errorReply(thrown));
}

function isFollowUp(payload: unknown): payload is FollowUp {
  return typeof payload === "object" && payload !== null && "ask" in payload && "open" in payload;
}

function isThere(): never {
  throw new Error("this is a thread");
}

/** What was thrown while a call ran or its result was packed. */
function unsent(work: Work, thrown: unknown): unknown {
  return isUncloneable(thrown) ? unsendable(work, thrown.found) : thrown;
}

/** A revoked proxy has no class. */
function isUncloneable(thrown: unknown): thrown is UncloneableValue {
  return !types.isProxy(thrown) && thrown instanceof UncloneableValue;
}

/** The error for a result that cannot cross. */
export function unsendable(work: Pick<Work, "id" | "declaration"> | undefined, found: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot send back the result of ${work?.id}: ${found} cannot cross between threads`,
    {
      at: work?.declaration.location,
      fix: "return plain data: objects and lists without functions and without instances of classes",
    },
  );
}
