import type { ErrorHandler, ErrorHandlers } from "../../app/error-handlers.ts";
import type { BackgroundCall } from "../../app/tasks/background.ts";
import { type TaskDeclaration, unnamedTask } from "../../app/tasks/task-declaration.ts";
import type { RunRecord } from "../../channels/channels.ts";
import { HTTPError } from "../../errors/http-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { Exchange } from "../../operation/context.ts";
import { refusedReply } from "../../operation/error-reply.ts";
import type { ArrivingBody, EndedBy, RawReply, RawRequest } from "../../operation/raw.ts";
import type { ThreadedMessage } from "../../operation/run-message.ts";
import type { Dependent, FailedRequest, Runtime } from "../../operation/runtime.ts";
import { BodyEnd, BodyWriter } from "../crossing/body-ring.ts";
import { packFields } from "../crossing/log-fields.ts";
import { packMessage } from "../crossing/message-call.ts";
import {
  type FailurePayload,
  type NamedCall,
  type Packed,
  packRequest,
  type ReplyPayload,
  type RequestPayload,
} from "../crossing/payloads.ts";
import type { CrossingJob, TaskPayload } from "../crossing/task-call.ts";
import {
  type Crossed,
  packThrown,
  packValue,
  type TaskOutcome,
  UncloneableValue,
  unpackThrown,
  unpackValue,
} from "../crossing/values.ts";
import { dependencyWorkId, errorHandlerWorkId, TaskWork, taskWorkId, type Work } from "../crossing/work.ts";
import type { Bindable, CallClass, CallPool, NewCall, Waiter } from "./call.ts";
import { ThreadDependencies } from "./dependencies.ts";
import { cloneError, recordRefusal } from "./errors.ts";
import { fetchRest, type OpenAt } from "./streams.ts";

/** A task to run on a thread. */
export interface ThreadTask {
  readonly task: TaskDeclaration;
  readonly args: unknown[];
  readonly class: CallClass;
  /** The job or request it runs for; empty for none. */
  readonly id: string;
  readonly job: CrossingJob | undefined;
  /** What the request has added to its log lines. */
  readonly bindings: object | undefined;
  readonly waiter: Waiter | undefined;
  /** The job that is to know what the run adds to its log lines; undefined for none. */
  readonly bindable: Bindable | undefined;
}

/** Runs an app's operations and tasks on the threads of a pool. */
export class ThreadCalls implements Pick<Runtime, "onThread" | "answerOnThread"> {
  readonly #works: readonly Work[];
  readonly #deadlineOf: (work: Work) => number | undefined;
  readonly #table: Table;

  /**
   * @param works - The pool's table of work.
   * @param deadlineOf - How long a piece of work may run.
   */
  constructor(
    pool: CallPool,
    works: readonly Work[],
    handlers: ErrorHandlers,
    deadlineOf: (work: Work) => number | undefined,
  ) {
    this.#works = works;
    this.#deadlineOf = deadlineOf;
    this.#table = { pool, handlers, indexes: indexesOf(works), tasks: tasksOf(works) };
  }

  /** Runs one request; returns a reply, whatever happens. */
  operation(
    index: number,
    request: RawRequest & Waiter & Bindable & { readonly unread?: ArrivingBody | undefined },
    timeoutMs: number | undefined,
    record: RunRecord | undefined,
  ): Promise<RawReply> {
    const packed = packRequest(request, request.unread && feedBody(request.unread));
    return askReply(this.#table, index, packed, this.#terms(index, request, timeoutMs, record));
  }

  /** Runs one message of a websocket; returns a reply, whatever happens. */
  message(
    index: number,
    message: ThreadedMessage & { readonly request: RawRequest & Waiter & Bindable },
    timeoutMs: number | undefined,
    record: RunRecord | undefined,
  ): Promise<RawReply> {
    const { request } = message;
    const packed = packMessage(packHead(request), message);
    return askReply(this.#table, index, packed, this.#terms(index, request, timeoutMs, record));
  }

  #terms(
    index: number,
    request: RawRequest & Waiter & Bindable,
    timeoutMs: number | undefined,
    record: RunRecord | undefined,
  ): AskTerms {
    const answers = { request: request.id, operation: (this.#works[index] as Work).id };
    return { timeoutMs, waiter: request, bindable: request, record, answers };
  }

  /** Runs a task and returns its result, or throws what it threw. */
  async task(
    { task, args, id, job, bindings, ...terms }: ThreadTask,
    timeoutMs: number | undefined,
    record: RunRecord | undefined,
  ): Promise<unknown> {
    const index = this.#table.indexes.get(taskWorkId(task.name));
    if (index === undefined) throw unknownTask(task);
    const added = bindings === undefined ? undefined : packFields(bindings);
    const payload: TaskPayload = { args: packArguments(task, args), id, job, bindings: added };
    return askValue(this.#table, index, payload, { ...terms, timeoutMs, record });
  }

  onThread({ declaration: { id } }: Dependent, request: RawRequest, exchange: Exchange): ThreadDependencies {
    const { pool, handlers } = this.#table;
    const work = this.#table.indexes.get(dependencyWorkId(id)) as number;
    return new ThreadDependencies({
      pool,
      handlers,
      work,
      timeoutMs: this.#deadlineOf(this.#works[work] as Work),
      id,
      request: packHead(request),
      exchange,
      findCalls: (calls) => findCalls(calls, this.#table) ?? [],
    });
  }

  answerOnThread(
    handler: ErrorHandler,
    error: unknown,
    { request, context, operation }: FailedRequest,
  ): Promise<RawReply> {
    const { handlers, indexes } = this.#table;
    const index = indexes.get(errorHandlerWorkId(handlers.indexOf(handler))) as number;
    // It has as long again as what failed.
    const failed = operation.declaration && indexes.get(operation.declaration.id);
    const timeoutMs = this.#deadlineOf(this.#works[failed ?? index] as Work);
    const thrown = packThrown(error, handlers);
    const payload: FailurePayload = {
      request: packHead(request),
      thrown,
      sessionState: context.sessionState,
    };
    const answers = { request: request.id, operation: operation.declaration?.id ?? request.method };
    const terms = { timeoutMs, waiter: undefined, bindable: request.log, record: undefined, answers };
    return askReply(this.#table, index, { payload, transfer: [] }, terms);
  }
}

/** An app's work on the threads of a pool. */
interface Table {
  readonly pool: CallPool;
  readonly handlers: ErrorHandlers;
  /** Indexes in the pool's table of work, by id. */
  readonly indexes: ReadonlyMap<string, number>;
  readonly tasks: ReadonlyMap<string, TaskDeclaration>;
}

function indexesOf(works: readonly Work[]): Table["indexes"] {
  return new Map(works.map((work, index) => [work.id, index]));
}

function tasksOf(works: readonly Work[]): Table["tasks"] {
  return new Map(
    works.flatMap((work) => (work instanceof TaskWork ? [[work.declaration.name, work.declaration]] : [])),
  );
}

/** How to ask for a reply, and what it answers. */
type AskTerms = Pick<NewCall, "timeoutMs" | "waiter" | "bindable" | "record"> & Pick<OpenAt, "answers">;

function askReply(
  table: Table,
  work: number,
  { payload, transfer }: Packed<unknown>,
  { timeoutMs, waiter, bindable, record, answers }: AskTerms,
): Promise<RawReply> {
  return new Promise((resolve) => {
    const settle: NewCall["settle"] = (error, outcome, thread) => {
      if (error !== undefined) {
        recordRefusal(record, error);
        return resolve(refusedReply(error));
      }
      const reply = unpackReply(outcome as ReplyPayload, table);
      const open = (outcome as ReplyPayload)[6];
      if (open === undefined || thread === undefined) return resolve(reply);
      const background = reply.background ?? [];
      const onAdded: OpenAt["onAdded"] = (calls) => {
        for (const call of findCalls(calls, table) ?? []) background.push(call);
      };
      const at = { pool: table.pool, thread, work, timeoutMs, waiter, bindable, record, answers, onAdded };
      const rest = fetchRest(at, open);
      resolve({ ...reply, background, ...rest });
    };
    table.pool.run({
      work,
      class: "request",
      payload,
      transfer,
      timeoutMs,
      waiter,
      bindable,
      record,
      settle,
    });
  });
}

function askValue(
  { pool, handlers }: Table,
  work: number,
  payload: unknown,
  terms: Pick<NewCall, "class" | "timeoutMs" | "waiter" | "bindable" | "record">,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle: NewCall["settle"] = (error, outcome) => {
      if (error !== undefined) {
        recordRefusal(terms.record, error);
        return reject(error);
      }
      const [ok, given] = outcome as TaskOutcome;
      if (ok) resolve(unpackValue(given, handlers));
      else reject(unpackThrown(given, handlers));
    };
    pool.run({ work, payload, transfer: [], ...terms, settle });
  });
}

/** A request without its body. */
function packHead(request: RawRequest): RequestPayload {
  const { id, method, url, params, headers, client, rootPath, via, bindings } = request;
  const head = { id, method, url, params, headers, client, rootPath, via, bindings };
  return packRequest({ ...head, body: undefined, parts: undefined }).payload;
}

/** @throws {OffloopError} `OFFLOOP_NOT_CLONEABLE`. */
function packArguments({ name, location: at }: TaskDeclaration, args: unknown[]): Crossed {
  try {
    return packValue(args, "args");
  } catch (error) {
    if (!(error instanceof UncloneableValue)) throw error;
    throw cloneError({ id: taskWorkId(name), location: at }, error.found);
  }
}

/** Calls with the tasks that they name. */
function findCalls(
  named: readonly NamedCall[] | undefined,
  { tasks, handlers }: Pick<Table, "tasks" | "handlers">,
): BackgroundCall[] | undefined {
  return named?.map(([name, args]) => ({
    task: tasks.get(name) ?? missingTask(name),
    args: unpackValue(args, handlers) as unknown[],
  }));
}

function unpackReply(payload: ReplyPayload, tasks: Pick<Table, "tasks" | "handlers">): RawReply {
  const [status, mediaType, headers, body, named, error] = payload;
  return { status, mediaType, headers, body, background: findCalls(named, tasks), error };
}

/** Replaces a task that only the thread knows: it fails when its turn comes, like any task. */
function missingTask(name: string): TaskDeclaration {
  const fail = (): never => {
    throw unknownTask(task);
  };
  const task = unnamedTask(name, fail, { file: "(unknown)", line: 1, column: 1 });
  return task;
}

function unknownTask({ name, location }: TaskDeclaration): OffloopError {
  return new OffloopError(
    "OFFLOOP_TASK_UNKNOWN",
    `Cannot run task "${name}": the served app does not declare it`,
    {
      at: location,
      fix: "declare it on the app that is served, or include its router there",
    },
  );
}

/** Sends a body to the thread that asks for it. Returns the memory where the thread finds it. */
function feedBody(body: ArrivingBody): SharedArrayBuffer {
  const ring = new BodyWriter();
  body.onClose(() => ring.close(body.endedBy));
  void feed(ring, body);
  return ring.memory;
}

async function feed(ring: BodyWriter, body: ArrivingBody): Promise<void> {
  await ring.wanted();
  try {
    while (!ring.isClosed) {
      const piece = await body.next();
      if (piece === undefined) return ring.end(BodyEnd.whole);
      await ring.write(piece);
    }
  } catch (error) {
    ring.end(endOf(error, body.endedBy));
  }
}

function endOf(error: unknown, by: EndedBy): BodyEnd {
  if (error instanceof OffloopError) return BodyEnd.read;
  if (error instanceof HTTPError) return error.status === 413 ? BodyEnd.tooLarge : BodyEnd.broken;
  return BodyEnd[by];
}
