import { WAYS_OUT } from "../app/dependency.ts";
import type { ValidationDetail } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { ParsedBody } from "./body.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { DependencyContext, type Exchange, type RequestContext } from "./context.ts";
import type { DependencyPlan } from "./dependency-plan.ts";
import { type Failure, OpenDependencies, standInValue } from "./open-dependencies.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { noInputs, type ReadInputs, readInputs } from "./read.ts";
import type { Dependent, RemoteCall, RemoteDependencies, RemoteValue, Runtime } from "./runtime.ts";

/** One request on its way through an operation. */
export interface OperationRun {
  readonly operation: CompiledOperation;
  readonly request: RawRequest;
  readonly runtime: Runtime;
  readonly context: RequestContext;
}

/** What dependencies are called for: a request on its way through an operation, or a run of a task. */
export interface DependentRun {
  readonly operation: Dependent;
  readonly request: RawRequest;
  readonly runtime: Runtime;
  readonly context: Exchange;
}

/** Dependencies that go out as one call, with the plan index of each. */
interface JointCall {
  readonly calls: RemoteCall[];
  readonly indexes: number[];
}

/** Marks the value of a dependency that was not called. */
const missing = Symbol("missing");

/** Marks a value that is on a thread, and the reason that kept it there, for when something on the loop asks for it. */
class Elsewhere {
  readonly found: string | undefined;

  constructor(found: string | undefined) {
    this.found = found;
  }
}

const elsewhere = new Elsewhere(undefined);

/**
 * The dependencies of one request, called one after another: their values, what is wrong with their inputs, and which
 * of them are open. A dependency is not called if its own inputs are wrong, or those of one it needs.
 */
export class RequestDependencies {
  readonly #run: DependentRun;
  /** In the order of the plan. */
  readonly #values: unknown[] = [];
  // What few requests have is created on demand.
  #opened: OpenDependencies | undefined;
  #joint: JointCall | undefined;
  #remote: RemoteDependencies | undefined;
  #details: readonly ValidationDetail[] | undefined;

  constructor(run: DependentRun) {
    this.#run = run;
  }

  /** Whether any of them waits to be closed. */
  get areOpen(): boolean {
    return this.#opened !== undefined && this.#opened.size > 0;
  }

  /** Reads the inputs of all of them, and creates them in order. */
  async create(body: ParsedBody): Promise<void> {
    for (const dependency of this.#run.operation.dependencies) {
      const inputs = await this.read(dependency, body);
      this.add(await this.provide(dependency, inputs));
    }
  }

  /** Reads the inputs of a dependency; undefined when it reads nothing. */
  read(
    { inputs, fixed }: CompiledDependency,
    body: ParsedBody,
  ): ReadInputs | undefined | Promise<ReadInputs> {
    return inputs === undefined || fixed !== undefined
      ? undefined
      : readInputs(inputs, this.#run.request, body);
  }

  /** The value of a dependency, or a promise of it: one that exists already, a shared one, or the result of a call. */
  provide(dependency: CompiledDependency, inputs: ReadInputs | undefined): unknown {
    if (inputs?.details !== undefined) this.#details = this.joinDetails(inputs.details);
    const isMissing =
      inputs?.details !== undefined || dependency.deps.some(({ index }) => this.#values[index] === missing);
    const { declaration, fixed, path, remote } = dependency;
    if (remote !== undefined) return this.#provideRemote(dependency, inputs, isMissing);
    if (isMissing) return missing;
    const { inThread, shared, traceDependency } = this.#run.runtime;
    if (fixed?.isSent === true && fixed.refused !== undefined) return new Elsewhere(fixed.refused.found);
    if (fixed !== undefined) return standInValue(fixed, path, this.#run.operation.declaration.id);
    if (declaration.scope === "thread" || declaration.scope === "app") return shared.get(declaration);
    if (traceDependency === undefined) return this.#call(dependency, inputs);
    return traceDependency(path, inThread ? "thread" : "loop", async () => this.#call(dependency, inputs));
  }

  /** Adds the value of the next dependency. */
  add(value: unknown): void {
    this.#values.push(value);
  }

  /** What is wrong with their inputs and with those of the operation; undefined when all are valid. */
  joinDetails(details: readonly ValidationDetail[] | undefined): readonly ValidationDetail[] | undefined {
    return this.#details === undefined ? details : [...this.#details, ...(details ?? [])];
  }

  /** Sets values under the names by which they are needed. */
  setValues<Target extends object>(
    target: Target,
    { deps }: Pick<DependencyPlan, "deps">,
  ): Target & Record<string, unknown> {
    for (const { name, index } of deps) {
      const value = this.#values[index];
      if (value instanceof Elsewhere) this.#refuse(target, name, index, value);
      else (target as Record<string, unknown>)[name] = value;
    }
    return target as Target & Record<string, unknown>;
  }

  /** Closes what lives as long as the function; what lives as long as the request is left to the reply's `finish`. */
  async closeAfterReply(reply: RawReply): Promise<RawReply> {
    const failure = await this.#open.close(undefined, "function");
    if (failure !== undefined) throw failure.error;
    const closed = { ...reply, background: reply.background ?? this.#run.context.addedTasks };
    return this.areOpen ? { ...closed, finish: (late) => this.#finish(late) } : closed;
  }

  /**
   * Closes everything, and returns the failure to answer: what the last of them threw. Boxed, since a promise of what
   * has a `then` would wait for it.
   */
  async closeAfterError(thrown: unknown): Promise<Failure> {
    const inner = await this.#open.close({ error: thrown }, "function");
    const left = await this.#open.close(inner);
    return left ?? { error: swallowed(this.#run.operation, thrown) };
  }

  /** After the response it is too late to answer: failures to close go to the log. */
  async #finish(failure: Failure | undefined): Promise<void> {
    const left = await this.#open.close(failure);
    if (left !== undefined && left.error !== failure?.error) throw left.error;
  }

  get #open(): OpenDependencies {
    this.#opened ??= new OpenDependencies();
    return this.#opened;
  }

  #call(dependency: CompiledDependency, read: ReadInputs | undefined): unknown {
    const { request, context } = this.#run;
    const { declaration } = dependency;
    context.acceptSession(declaration.inputs.session);
    const own = this.setValues(new DependencyContext(context, read ?? noInputs(request)), dependency);
    return declaration.isGenerator ? this.#open.enter(declaration, own) : declaration.fn(own);
  }

  /** Queues the dependency; the last one of a joint call sends them all. */
  #provideRemote(dependency: CompiledDependency, read: ReadInputs | undefined, isMissing: boolean): unknown {
    if (!isMissing) {
      const values: Record<string, unknown> = {};
      const there: Record<string, string> = {};
      for (const { name, index } of dependency.deps) {
        const needed = this.#run.operation.dependencies[index] as CompiledDependency;
        if (needed.remote === undefined) values[name] = this.#values[index];
        else there[name] = needed.path;
      }
      this.#joint ??= { calls: [], indexes: [] };
      this.#joint.calls.push({ dependency, inputs: read ?? noInputs(this.#run.request), values, there });
      this.#joint.indexes.push(this.#values.length);
    }
    const own = isMissing ? missing : elsewhere;
    return dependency.remote?.isLast && this.#joint !== undefined
      ? this.#callOnThread(own, this.#joint)
      : own;
  }

  /** Returns the value of the last dependency, and takes those of the others. */
  async #callOnThread(last: unknown, { calls, indexes }: JointCall): Promise<unknown> {
    const { operation, request, runtime, context } = this.#run;
    this.#joint = undefined;
    this.#remote ??= runtime.onThread(operation, request, context);
    const { values, open, failure } = await this.#remote.call(calls);
    this.#open.hold(...open);
    if (failure !== undefined) throw failure.error;
    const at = this.#values.length;
    let own = last;
    for (const [order, index] of indexes.entries()) {
      const value = received(values[order]);
      if (index === at) own = value;
      else this.#values[index] = value;
    }
    return own;
  }

  /** A value that is not used need not be there: a router may need something for only some of its operations. */
  #refuse(target: object, name: string, index: number, { found = name }: Elsewhere): void {
    const { operation, runtime } = this.#run;
    const { path, declaration } = operation.dependencies[index] as CompiledDependency;
    const where = runtime.inThread ? "which runs on a thread" : "which runs on the event loop";
    const fix = runtime.inThread ? SENT_WAYS_OUT : WAYS_OUT;
    const refuse = (): never => {
      throw new OffloopError(
        "OFFLOOP_NOT_CLONEABLE",
        `Cannot give ${path} to ${operation.declaration.id}, ${where}: ${found} cannot cross between threads`,
        { at: declaration.location, fix },
      );
    };
    Object.defineProperty(target, name, { get: refuse, enumerable: true, configurable: true });
  }
}

const SENT_WAYS_OUT =
  "make the dependency a plain function, which is made in the thread, or the message handler async";

function received(value: RemoteValue): unknown {
  if (value === undefined) return elsewhere;
  return "found" in value ? new Elsewhere(value.found) : value.value;
}

function swallowed({ declaration }: Dependent, cause: unknown): OffloopError {
  return new OffloopError(
    "OFFLOOP_ERROR_SWALLOWED",
    `Cannot answer ${declaration.id}: a dependency caught its error and did not throw it again`,
    {
      at: declaration.location,
      fix: "throw the error again at the end of the catch, or an HTTPError in its place",
      cause,
    },
  );
}
