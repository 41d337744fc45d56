import type { ValidationDetail } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { ParsedBody } from "./body.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { DependencyContext, type RequestContext } from "./context.ts";
import type { DependencyPlan } from "./dependency-plan.ts";
import { type Failure, OpenDependencies } from "./open-dependencies.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { noInputs, type ReadInputs, readInputs } from "./read.ts";
import type { Runtime } from "./runtime.ts";

/** One request on its way through an operation. */
export interface OperationRun {
  readonly operation: CompiledOperation;
  readonly request: RawRequest;
  readonly runtime: Runtime;
  readonly context: RequestContext;
}

/** Stands for the value of a dependency that was not called. */
const missing = Symbol("missing");

/**
 * The dependencies of one request, as they are called one after another: what they gave, what is wrong with their
 * inputs, and which of them are open. One whose own inputs are wrong, or that needs such a one, is not called.
 */
export class RequestDependencies {
  readonly #run: OperationRun;
  /** In the order of the plan. */
  readonly #values: unknown[] = [];
  readonly #open = new OpenDependencies();
  #details: readonly ValidationDetail[] | undefined;

  constructor(run: OperationRun) {
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
    if (inputs?.details !== undefined) {
      this.#details = this.joinDetails(inputs.details);
      return missing;
    }
    if (dependency.deps.some(({ index }) => this.#values[index] === missing)) return missing;
    const { declaration, fixed, path, isRemote } = dependency;
    const { inThread, shared, traceDependency } = this.#run.runtime;
    if (fixed !== undefined) return fixed.value;
    if (declaration.scope === "thread" || declaration.scope === "app") return shared.get(declaration);
    if (traceDependency === undefined) return this.#call(dependency, inputs);
    const lane = inThread || isRemote ? "thread" : "loop";
    return traceDependency(path, lane, async () => this.#call(dependency, inputs));
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
    for (const { name, index } of deps) (target as Record<string, unknown>)[name] = this.#values[index];
    return target as Target & Record<string, unknown>;
  }

  /** Closes what lasts as long as the function; what lasts as long as the request is left to the reply's `finish`. */
  async closeAfterReply(reply: RawReply): Promise<RawReply> {
    const failure = await this.#open.close(undefined, "function");
    if (failure !== undefined) throw failure.error;
    return this.areOpen ? { ...reply, finish: (late) => this.#finish(late) } : reply;
  }

  /** Closes all, and gives the error that is to be answered: what the last of them threw. */
  async closeAfterError(thrown: unknown): Promise<unknown> {
    const inner = await this.#open.close({ error: thrown }, "function");
    const left = await this.#open.close(inner);
    return left === undefined ? swallowed(this.#run.operation, thrown) : left.error;
  }

  /** After the response it is too late to answer: what goes wrong in closing is for the log. */
  async #finish(failure: Failure | undefined): Promise<void> {
    this.#run.context.endBackground();
    const left = await this.#open.close(failure);
    if (left !== undefined && left.error !== failure?.error) throw left.error;
  }

  #call(dependency: CompiledDependency, read: ReadInputs | undefined): unknown {
    const { operation, request, runtime, context } = this.#run;
    const { declaration, isRemote } = dependency;
    const inputs = read ?? noInputs(request);
    if (isRemote) {
      const values = this.setValues({}, dependency);
      return runtime.makeOnThread({
        operation,
        node: dependency,
        request,
        inputs,
        values,
        exchange: context,
      });
    }
    const own = this.setValues(new DependencyContext(context, inputs), dependency);
    return declaration.isGenerator ? this.#open.enter(declaration, own) : declaration.fn(own);
  }
}

function swallowed({ declaration }: CompiledOperation, cause: unknown): OffloopError {
  return new OffloopError(
    "OFFLOOP_ERROR_SWALLOWED",
    `Cannot answer ${declaration.id}: a dependency caught its error and did not throw again`,
    {
      at: declaration.location,
      fix: "throw the error again at the end of the catch, or an HTTPError in its place",
      cause,
    },
  );
}
