import type { BackgroundCall } from "../app/background.ts";
import { findUncloneable } from "../app/cloneable.ts";
import type { ErrorHandlers } from "../app/error-handlers.ts";
import type { TaskDeclaration } from "../app/task.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { Place, RemoteDependency } from "../operation/place.ts";
import type { RawReply, RawRequest } from "../operation/raw.ts";
import { internalErrorReply } from "../operation/reply.ts";
import type { CallClass } from "./call.ts";
import { fetchRest } from "./left-open.ts";
import {
  type NamedCall,
  type Packed,
  packRequest,
  type ReplyPayload,
  type RequestPayload,
} from "./messages.ts";
import type { ThreadPool } from "./pool.ts";
import type { DependencyPayload, DependencyResult, FailurePayload } from "./remote.ts";
import { packThrown, type TaskOutcome, unpackThrown } from "./thrown.ts";
import { dependencyWorkId, errorHandlerWorkId, TaskWork, taskWorkId, type Work } from "./work.ts";

/** Runs operations and tasks of an app on the threads of a pool. */
export interface ThreadCalls extends Pick<Place, "makeOnThread" | "answerOnThread"> {
  /** Runs one request; gives a reply whatever happens. */
  operation(index: number, request: RawRequest): Promise<RawReply>;
  /** Runs a task and gives its result, or throws what it threw. */
  task(declaration: Pick<TaskDeclaration, "name">, args: unknown[], callClass: CallClass): Promise<unknown>;
}

/** @param works - The pool's table of work. */
export function createThreadCalls(
  pool: ThreadPool,
  works: readonly Work[],
  handlers: ErrorHandlers,
): ThreadCalls {
  const table: Table = {
    pool,
    handlers,
    indexes: new Map(works.map((work, index) => [work.id, index])),
    tasks: new Map(
      works.flatMap((work) => (work instanceof TaskWork ? [[work.declaration.name, work.declaration]] : [])),
    ),
  };
  return {
    operation: (index, request) => askReply(table, index, packRequest(request)),
    task: async ({ name }, args, callClass) => {
      const index = table.indexes.get(taskWorkId(name));
      if (index === undefined) throw unknownTask(name);
      return askValue(table, index, args, callClass, `run task "${name}"`);
    },
    makeOnThread: (remote) => makeDependency(table, remote),
    answerOnThread: (handler, error, request) => {
      const index = table.indexes.get(errorHandlerWorkId(handlers.indexOf(handler))) as number;
      const payload: FailurePayload = { request: packHead(request), thrown: packThrown(error, handlers) };
      return askReply(table, index, { payload, transfer: [] });
    },
  };
}

/** What an app has on the threads of a pool. */
interface Table {
  readonly pool: ThreadPool;
  readonly handlers: ErrorHandlers;
  /** The place of each work in the pool's table. */
  readonly indexes: ReadonlyMap<string, number>;
  readonly tasks: ReadonlyMap<string, TaskDeclaration>;
}

function askReply({ pool, tasks }: Table, index: number, packed: Packed<unknown>): Promise<RawReply> {
  return new Promise((resolve) => {
    pool.run(index, "request", packed, (error, outcome, holder) => {
      if (error !== undefined) return resolve(internalErrorReply(error));
      const reply = unpackReply(outcome as ReplyPayload, tasks);
      const leftOpen = (outcome as ReplyPayload)[6];
      if (leftOpen === undefined || holder === undefined) return resolve(reply);
      resolve({ ...reply, ...fetchRest(pool, holder, index, leftOpen) });
    });
  });
}

function askValue(
  { pool, handlers }: Table,
  index: number,
  payload: unknown,
  callClass: CallClass,
  what: string,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    pool.run(index, callClass, { payload, transfer: [] }, (error, outcome) => {
      if (error !== undefined)
        return reject(error instanceof OffloopError ? error : uncloneable(what, payload, error));
      const [ok, given] = outcome as TaskOutcome;
      if (ok) resolve(given);
      else reject(unpackThrown(given, handlers));
    });
  });
}

async function makeDependency(table: Table, remote: RemoteDependency): Promise<unknown> {
  const { operation, node, request, inputs, values, exchange } = remote;
  const { id } = operation.declaration;
  const index = table.indexes.get(dependencyWorkId(id, node.path)) as number;
  const payload: DependencyPayload = { operation: id, request: packHead(request), inputs, values };
  const made = await askValue(table, index, payload, "request", `make ${node.path} for ${id}`);
  const { value, background, status, headers } = made as DependencyResult;
  for (const call of nameless(background, table.tasks) ?? []) exchange.background.calls.push(call);
  if (status !== undefined) exchange.response.status = status;
  for (const [name, text] of headers ?? []) exchange.response.headers.append(name, text);
  return value;
}

/** A request without its body. */
function packHead(request: RawRequest): RequestPayload {
  return packRequest({
    id: request.id,
    method: request.method,
    url: request.url,
    params: request.params,
    headers: request.headers,
    body: undefined,
    parts: undefined,
    client: request.client,
  }).payload;
}

function nameless(
  named: readonly NamedCall[] | undefined,
  tasks: ReadonlyMap<string, TaskDeclaration>,
): BackgroundCall[] | undefined {
  return named?.map(([name, args]) => ({ task: tasks.get(name) ?? missingTask(name), args }));
}

function unpackReply(payload: ReplyPayload, tasks: ReadonlyMap<string, TaskDeclaration>): RawReply {
  const [status, mediaType, headers, body, named, error] = payload;
  return { status, mediaType, headers, body, background: nameless(named, tasks), error };
}

function missingTask(name: string): BackgroundCall["task"] {
  return {
    name,
    lane: "loop",
    fn: () => {
      throw unknownTask(name);
    },
  };
}

function unknownTask(name: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_TASK_UNKNOWN",
    `Cannot run task "${name}": the served app does not declare it`,
    {
      fix: "declare it on the app that is served, or include its router there",
    },
  );
}

function uncloneable(what: string, payload: unknown, cause: Error): OffloopError {
  return new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot ${what} on a thread: ${findUncloneable(payload, rootOf(payload)) ?? cause.message} cannot cross between threads`,
    {
      fix: "pass plain data: what structuredClone accepts",
      cause,
    },
  );
}

/** A task is called with arguments; all else with a payload of named parts. */
function rootOf(payload: unknown): string {
  return Array.isArray(payload) ? "args" : "context";
}
