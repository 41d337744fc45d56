import type { Scope } from "../../app/dependency.ts";
import type { ErrorHandlers } from "../../app/error-handlers.ts";
import { DependencyContext, Exchange } from "../../operation/context.ts";
import type { PlannedDependency } from "../../operation/dependency-plan.ts";
import { type Failure, OpenDependencies } from "../../operation/open-dependencies.ts";
import type { ReadInputs } from "../../operation/read.ts";
import { TaskExchange } from "../../operation/run-task.ts";
import type { RemoteValue, Runtime } from "../../operation/runtime.ts";
import type {
  ClosePayload,
  CloseResult,
  DependencyCall,
  DependencyFailure,
  DependencyPayload,
  DependencyResult,
} from "../crossing/dependency-payloads.ts";
import {
  aboutRequest,
  type CallServices,
  nameCalls,
  ReceivedRequest,
  type RequestServices,
} from "../crossing/payloads.ts";
import {
  packThrown,
  packValue,
  type TaskOutcome,
  UncloneableValue,
  unpackThrown,
  unpackValue,
} from "../crossing/values.ts";
import { type DependencyWork, TaskWork } from "../crossing/work.ts";

/** The plain dependencies of one request on the loop, as far as they are here. */
interface Session {
  /** Keyed by their paths in the operation's plan. */
  readonly values: Map<string, unknown>;
  /** In the order of the calls. */
  readonly opened: Opened[];
  readonly services: RequestServices;
}

/** What one call has opened, and with which exchange. */
interface Opened {
  readonly open: OpenDependencies;
  readonly exchange: Exchange;
}

/** What a thread provides to the dependencies that are called in it. */
type ThreadRuntime = Omit<Runtime, "onThread" | "answerOnThread">;

const closable: readonly Scope[] = ["function", "request"];

/** The plain dependencies of operations that run on the loop: called here, and open here until their scope ends. */
export class DependencySessions {
  readonly #handlers: ErrorHandlers;
  readonly #runtime: ThreadRuntime;
  readonly #sessions = new Map<number, Session>();
  #last = 0;

  constructor(handlers: ErrorHandlers, runtime: ThreadRuntime) {
    this.#handlers = handlers;
    this.#runtime = runtime;
  }

  /** Calls dependencies in order. The session outlives the call when something stays open or is needed later. */
  async call(work: DependencyWork, payload: DependencyPayload, services: CallServices): Promise<TaskOutcome> {
    const session = this.#enter(payload, services);
    const { open, exchange } = this.#open(work, payload, session);
    const values: RemoteValue[] = [];
    let background: DependencyResult["background"];
    let failure: Failure | undefined;
    try {
      for (const call of payload.calls) {
        const value = await this.#make(work.planned(call.path), call, { session, open, exchange });
        session.values.set(call.path, value);
        values.push(call.isReceived ? packReceived(call, value) : undefined);
      }
      background = nameCalls(exchange.addedTasks);
    } catch (error) {
      failure = { error };
    }
    exchange.addedTasks?.splice(0); // those of a failed call are dropped
    let sessionState: DependencyResult["sessionState"];
    try {
      sessionState = exchange.endSession();
    } catch (error) {
      failure ??= { error }; // what was put into it is no JSON
    }
    const result: DependencyResult = {
      values,
      session: this.#keep(payload, session, open),
      opened: closable.filter((scope) => open.has(scope)),
      background,
      status: exchange.chosenStatus,
      headers: exchange.chosenHeaders,
      sessionState,
    };
    if (open.size === 0) exchange.endBackground();
    if (failure === undefined) return [true, result];
    const thrown: DependencyFailure = { ...packThrown(failure.error, this.#handlers), result };
    return [false, thrown];
  }

  /** Closes what was opened. */
  async close(payload: ClosePayload, services: CallServices): Promise<TaskOutcome> {
    const { scope, failure, refusesTasks, ends } = payload;
    const session = this.#sessions.get(payload.session);
    if (session === undefined) return [true, {} satisfies CloseResult];
    if (ends) this.#sessions.delete(payload.session);
    services.resume(session.services);
    const { open, exchange } = session.opened[payload.call] as Opened;
    if (refusesTasks) exchange.endBackground();
    const left = await open.close(failure && { error: unpackThrown(failure, this.#handlers) }, scope);
    try {
      const background = nameCalls(exchange.addedTasks?.splice(0));
      const result: CloseResult = { left: left && packThrown(left.error, this.#handlers), background };
      return [true, result];
    } catch (error) {
      return [false, packThrown(error, this.#handlers)];
    }
  }

  #enter({ session, request, operation }: DependencyPayload, services: CallServices): Session {
    const known = session === undefined ? undefined : this.#sessions.get(session);
    if (known === undefined)
      return {
        values: new Map(),
        opened: [],
        services: services.begin(aboutRequest(request, operation)),
      };
    services.resume(known.services);
    return known;
  }

  #open({ operation }: DependencyWork, payload: DependencyPayload, session: Session): Opened {
    const request = new ReceivedRequest(payload.request, session.services);
    const exchange =
      operation instanceof TaskWork
        ? new TaskExchange(operation.declaration, request, this.#runtime)
        : new Exchange(payload.operation, request, this.#runtime);
    exchange.takeSession(payload.sessionState);
    const opened = { open: new OpenDependencies(), exchange };
    session.opened.push(opened);
    return opened;
  }

  #keep({ session, calls }: DependencyPayload, entered: Session, open: OpenDependencies): number | undefined {
    if (session !== undefined) return session;
    if (open.size === 0 && !calls.some(({ isNeededLater }) => isNeededLater)) return undefined;
    this.#sessions.set(++this.#last, entered);
    return this.#last;
  }

  #make(
    { declaration }: PlannedDependency,
    { path, inputs, values, there }: DependencyCall,
    { session, open, exchange }: Opened & { readonly session: Session },
  ): unknown {
    if (declaration.scope === "thread") return this.#runtime.shared.get(declaration);
    const context = new DependencyContext(exchange, unpackValue(inputs) as ReadInputs);
    Object.assign(context, unpackValue(values, this.#handlers));
    for (const [name, needed] of Object.entries(there))
      (context as unknown as Record<string, unknown>)[name] = session.values.get(needed);
    exchange.acceptSession(declaration.inputs.session);
    const make = async (): Promise<unknown> =>
      declaration.isGenerator ? open.enter(declaration, context) : declaration.fn(context);
    return this.#runtime.traceDependency?.(path, "thread", make) ?? make();
  }
}

/** A value that cannot leave is an error only when something on the loop asks for it. */
function packReceived({ path }: DependencyCall, value: unknown): RemoteValue {
  try {
    return { value: packValue(value, path.split(" > ").at(-1) as string) };
  } catch (error) {
    if (error instanceof UncloneableValue) return { found: error.found };
    throw error;
  }
}
