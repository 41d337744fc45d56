import { type Scope, WAYS_OUT } from "../../app/dependency.ts";
import type { ErrorHandlers } from "../../app/error-handlers.ts";
import type { BackgroundCall } from "../../app/tasks/background.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { Exchange } from "../../operation/context.ts";
import type { Failure, Open } from "../../operation/open-dependencies.ts";
import type { RemoteCall, RemoteDependencies, RemoteOutcome, RemoteValue } from "../../operation/runtime.ts";
import type {
  ClosePayload,
  CloseResult,
  DependencyCall,
  DependencyFailure,
  DependencyPayload,
  DependencyResult,
} from "../crossing/dependency-payloads.ts";
import type { NamedCall, RequestPayload } from "../crossing/payloads.ts";
import {
  packThrown,
  packValue,
  type TaskOutcome,
  UncloneableValue,
  unpackThrown,
  unpackValue,
} from "../crossing/values.ts";
import type { Bindable, CallPool, NewCall, ThreadHandle } from "./call.ts";

/** How an operation on the loop reaches its plain dependencies. */
export interface DependencyLine extends Pick<NewCall, "work" | "timeoutMs"> {
  readonly pool: CallPool;
  readonly handlers: ErrorHandlers;
  /** The operation's id. */
  readonly id: string;
  readonly request: RequestPayload;
  readonly exchange: Exchange;
  /** Finds the tasks that calls name. */
  readonly findCalls: (calls: readonly NamedCall[] | undefined) => readonly BackgroundCall[];
}

/** The plain dependencies of one request on the loop: the first call picks a thread, and the rest is done there. */
export class ThreadDependencies implements RemoteDependencies {
  readonly #line: DependencyLine;
  #thread: ThreadHandle | undefined;
  #session: number | undefined;
  #calls = 0;

  constructor(line: DependencyLine) {
    this.#line = line;
  }

  async call(calls: readonly RemoteCall[]): Promise<RemoteOutcome> {
    const { id, request, handlers, exchange } = this.#line;
    const payload: DependencyPayload = {
      operation: id,
      request,
      session: this.#session,
      calls: calls.map((call) => this.#pack(call)),
      sessionState: exchange.sessionState,
    };
    const [ok, given] = await this.#ask(payload);
    const result = ok ? (given as DependencyResult) : (given as Partial<DependencyFailure>).result;
    if (result === undefined) throw unpackThrown(given as DependencyFailure, handlers); // none was even called
    const open = this.#holdOpen(result);
    exchange.takeSession(result.sessionState);
    if (!ok) return { values: [], open, failure: { error: unpackThrown(given, handlers) } };
    this.#applyToResponse(result);
    return { values: result.values.map((value) => unpackRemote(value, handlers)), open, failure: undefined };
  }

  #pack({ dependency, inputs, values, there }: RemoteCall): DependencyCall {
    const { path, remote } = dependency;
    const pack = (value: unknown): unknown => {
      try {
        return packValue(value, path);
      } catch (error) {
        throw error instanceof UncloneableValue ? this.#refuse(dependency, error.found) : error;
      }
    };
    return {
      path,
      inputs: pack({ ...inputs }),
      values: pack(values),
      there,
      isReceived: remote?.isReceived === true,
      isNeededLater: remote?.isNeededLater === true,
    };
  }

  #refuse({ path, declaration }: RemoteCall["dependency"], found: string): OffloopError {
    return new OffloopError(
      "OFFLOOP_NOT_CLONEABLE",
      `Cannot call ${path} of ${this.#line.id} on a thread: ${found} cannot cross between threads`,
      { at: declaration.location, fix: WAYS_OUT },
    );
  }

  /** Lists what is open there now. What was opened first also ends the session, once everything else is closed. */
  #holdOpen({ session, opened }: DependencyResult): Open[] {
    const call = this.#calls++;
    if (session === undefined) return [];
    const isFirst = this.#session === undefined;
    if (isFirst) this.#thread?.hold();
    this.#session = session;
    const scopes: Scope[] = isFirst ? [...new Set<Scope>(["request", ...opened])] : [...opened];
    return scopes.map((scope) => ({
      scope,
      close: (failure) =>
        this.#close(
          { session, call, scope, ends: isFirst && scope === "request" },
          opened.includes(scope),
          failure,
        ),
    }));
  }

  async #close(
    about: Omit<ClosePayload, "failure" | "refusesTasks">,
    isOpen: boolean,
    failure: Failure | undefined,
  ): Promise<Failure | undefined> {
    const { handlers, exchange } = this.#line;
    const { refusesTasks } = exchange;
    try {
      const thrown = failure && packThrown(failure.error, handlers);
      const payload: ClosePayload = { ...about, failure: thrown, refusesTasks };
      const [ok, given] = await this.#ask(payload);
      if (!isOpen) return failure;
      if (!ok) return { error: unpackThrown(given, handlers) };
      const { left, background } = given as CloseResult;
      this.#addTasks(background);
      if (left === undefined) return undefined;
      const error = unpackThrown(left, handlers);
      // An error that only passed through is still the same error, not a copy of it.
      return failure !== undefined && isSame(error, failure.error) ? failure : { error };
    } catch (error) {
      return isOpen ? { error } : failure;
    } finally {
      if (about.ends) this.#thread?.release();
    }
  }

  #ask(payload: DependencyPayload | ClosePayload): Promise<TaskOutcome> {
    const { pool, work, timeoutMs, exchange } = this.#line;
    const session = this.#session;
    return new Promise((resolve, reject) => {
      const settle: NewCall["settle"] = (error, outcome, thread) => {
        if (error !== undefined) return reject(error);
        this.#thread ??= thread;
        resolve(outcome as TaskOutcome);
      };
      const bindable: Bindable = { setBindings: (fields) => exchange.log.setBindings(fields) };
      const call = { work, payload, timeoutMs, waiter: undefined, bindable, settle };
      if (session === undefined || this.#thread === undefined)
        pool.run({ ...call, class: "request", transfer: [], record: undefined });
      else pool.runOn(this.#thread, call);
    });
  }

  #applyToResponse({ background, status, headers }: DependencyResult): void {
    const { exchange } = this.#line;
    this.#addTasks(background);
    if (status !== undefined) exchange.response.status = status;
    for (const [name, text] of headers ?? []) exchange.response.headers.append(name, text);
  }

  #addTasks(calls: DependencyResult["background"]): void {
    const { exchange, findCalls } = this.#line;
    if (calls === undefined) return;
    for (const call of findCalls(calls)) exchange.background.calls.push(call);
  }
}

function unpackRemote(value: RemoteValue, handlers: ErrorHandlers): RemoteValue {
  return value !== undefined && "value" in value ? { value: unpackValue(value.value, handlers) } : value;
}

function isSame(error: unknown, sent: unknown): boolean {
  if (!(error instanceof Error && sent instanceof Error)) return error === sent;
  return error.message === sent.message && error.stack === sent.stack && error.name === sent.name;
}
