import type { ValidationDetail } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { ParsedBody } from "./body.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { DependencyContext, type Exchange, type RequestContext } from "./context.ts";
import { type DependencyPlan, WAYS_OUT } from "./dependency-plan.ts";
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

/** Stands for the value of a dependency that was not called. */
const missing = Symbol("missing");

/** Stands for a value that is on a thread, and what kept it there if something on the loop asks for it. */
class Elsewhere {
  readonly found: string | undefined;

  constructor(found: string | undefined) {
    this.found = found;
  }
}

const elsewhere = new Elsewhere(undefined);

/**
 * The dependencies of one request, as they are called one after another: what they gave, what is wrong with their
 * inputs, and which of them are open. One whose own inputs are wrong, or that needs such a one, is not called.
 */
export class RequestDependencies {
  readonly #run: DependentRun;
  /** In the order of the plan. */
  readonly #values: unknown[] = [];
  readonly #open = new OpenDependencies();
  /** Those that go out as one call, with the index of each in the plan. */
  #calls: RemoteCall[] = [];
  #called: number[] = [];
  #remote: RemoteDependencies | undefined;
  #details: readonly ValidationDetail[] | undefined;

  constructor(run: DependentRun) {
    this.#run = run;
  }

  /** Whether some wait to be closed. */
  get areOpen(): boolean {
    return this.#open.size > 0;
  }

  /** The inputs of one; undefined when it reads nothing. */
  read(
    { inputs, fixed }: CompiledDependency,
    body: ParsedBody,
  ): ReadInputs | undefined | Promise<ReadInputs> {
    return inputs === undefined || fixed !== undefined
      ? undefined
      : readInputs(inputs, this.#run.request, body);
  }

  /** The value of one, or a promise of it: one that is there already, a shared one, or what a call gives. */
  provide(dependency: CompiledDependency, inputs: ReadInputs | undefined): unknown {
    if (inputs?.details !== undefined) this.#details = this.joinDetails(inputs.details);
    const isMissing =
      inputs?.details !== undefined || dependency.deps.some(({ index }) => this.#values[index] === missing);
    const { declaration, fixed, path, remote } = dependency;
    if (remote !== undefined) return this.#provideRemote(dependency, inputs, isMissing);
    if (isMissing) return missing;
    const { inThread, shared, traceDependency } = this.#run.runtime;
    if (fixed?.isSent === true && typeof fixed.refused === "object")
      return new Elsewhere(fixed.refused.found);
    if (fixed !== undefined) return standInValue(fixed, `${path} of ${this.#run.operation.declaration.id}`);
    if (declaration.scope === "thread" || declaration.scope === "app") return shared.get(declaration);
    if (traceDependency === undefined) return this.#call(dependency, inputs);
    return traceDependency(path, inThread ? "thread" : "loop", async () => this.#call(dependency, inputs));
  }

  /** Takes the value of the next one. */
  add(value: unknown): void {
    this.#values.push(value);
  }

  /** What is wrong with their inputs, and with those of the operation; undefined when all are valid. */
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

  /** Closes what lasts as long as the function; what lasts as long as the request is left to the reply's `finish`. */
  async closeAfterReply(reply: RawReply): Promise<RawReply> {
    const failure = await this.#open.close(undefined, "function");
    if (failure !== undefined) throw failure.error;
    const closed = { ...reply, background: reply.background ?? this.#run.context.addedTasks };
    return this.areOpen ? { ...closed, finish: (late) => this.#finish(late) } : closed;
  }

  /** Closes all, and gives the error that is to be answered: what the last of them threw. */
  async closeAfterError(thrown: unknown): Promise<unknown> {
    const inner = await this.#open.close({ error: thrown }, "function");
    const left = await this.#open.close(inner);
    return left === undefined ? swallowed(this.#run.operation, thrown) : left.error;
  }

  /** After the response it is too late to answer: what goes wrong in closing is for the log. */
  async #finish(failure: Failure | undefined): Promise<void> {
    const left = await this.#open.close(failure);
    if (left !== undefined && left.error !== failure?.error) throw left.error;
  }

  #call(dependency: CompiledDependency, read: ReadInputs | undefined): unknown {
    const { request, context } = this.#run;
    const { declaration } = dependency;
    context.acceptSession(declaration.inputs.session);
    const own = this.setValues(new DependencyContext(context, read ?? noInputs(request)), dependency);
    return declaration.isGenerator ? this.#open.enter(declaration, own) : declaration.fn(own);
  }

  /** Takes it on; the last of those that go out as one call sends them all. */
  #provideRemote(dependency: CompiledDependency, read: ReadInputs | undefined, isMissing: boolean): unknown {
    if (!isMissing) {
      const values: Record<string, unknown> = {};
      const there: Record<string, string> = {};
      for (const { name, index } of dependency.deps) {
        const needed = this.#run.operation.dependencies[index] as CompiledDependency;
        if (needed.remote === undefined) values[name] = this.#values[index];
        else there[name] = needed.path;
      }
      this.#calls.push({ dependency, inputs: read ?? noInputs(this.#run.request), values, there });
      this.#called.push(this.#values.length);
    }
    const own = isMissing ? missing : elsewhere;
    return dependency.remote?.isLast && this.#calls.length > 0 ? this.#callOnThread(own) : own;
  }

  /** Gives the value of the last one, and takes those of the others. */
  async #callOnThread(last: unknown): Promise<unknown> {
    const { operation, request, runtime, context } = this.#run;
    const [calls, called] = [this.#calls, this.#called];
    this.#calls = [];
    this.#called = [];
    this.#remote ??= runtime.onThread(operation, request, context);
    const { values, open, failure } = await this.#remote.call(calls);
    this.#open.hold(...open);
    if (failure !== undefined) throw failure.error;
    const at = this.#values.length;
    let own = last;
    for (const [order, index] of called.entries()) {
      const value = received(values[order]);
      if (index === at) own = value;
      else this.#values[index] = value;
    }
    return own;
  }

  /** What is not used need not be there: a router may need something for what only some of its operations do. */
  #refuse(target: object, name: string, index: number, { found = name }: Elsewhere): void {
    const { operation, runtime } = this.#run;
    const { path, declaration } = operation.dependencies[index] as CompiledDependency;
    const where = runtime.inThread ? "which runs on a thread" : "which is async";
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
