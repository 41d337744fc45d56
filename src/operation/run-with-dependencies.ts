import { type Failure, OpenDependencies } from "../dependencies/open.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { type ValidationDetail, ValidationError } from "../errors/validation-error.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { encodeReply } from "./encode.ts";
import type { Place } from "./place.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { type ParsedBody, type ReadInputs, readInputs } from "./read.ts";
import { DependencyContext, type RequestContext } from "./request-context.ts";

/** One request on its way. */
export interface Passage {
  readonly context: RequestContext;
  readonly request: RawRequest;
  readonly parsed: ParsedBody;
  readonly place: Place;
}

/** What the dependencies made, by their place in the plan; one that was not made is missing. */
type Made = Map<number, unknown>;

/**
 * The same steps for an operation that needs something: makes what it needs in order, calls it, and closes what was
 * opened. Mistakes in inputs are collected over all of them; one whose own inputs are wrong, or that needs such a one,
 * is not made, and then the handler is not called. What the request needs for longer is left to `finish`.
 */
export async function runWithDependencies(
  operation: CompiledOperation,
  dependencies: readonly CompiledDependency[],
  passage: Passage,
): Promise<RawReply> {
  const open = new OpenDependencies();
  try {
    const reply = await run(operation, dependencies, passage, open);
    if (open.size === 0) return reply;
    const failure = await open.close(undefined, "function");
    if (failure !== undefined) throw failure.error;
    return open.size === 0 ? reply : { ...reply, finish: (late) => finish(open, late) };
  } catch (error) {
    throw (await closeAfterFailure(operation, open, { error })).error;
  }
}

async function run(
  operation: CompiledOperation,
  dependencies: readonly CompiledDependency[],
  passage: Passage,
  open: OpenDependencies,
): Promise<RawReply> {
  const { context, request, parsed } = passage;
  const details: ValidationDetail[] = [];
  const made: Made = new Map();
  for (const [index, node] of dependencies.entries()) {
    const read = readFor(node, passage);
    const inputs = read instanceof Promise ? await read : read;
    if (inputs?.details !== undefined) details.push(...inputs.details);
    else if (node.deps.every(([, needed]) => made.has(needed)))
      made.set(index, await make(operation, node, inputs, made, passage, open));
  }
  const read = readInputs(operation.inputs, request, parsed);
  const inputs = read instanceof Promise ? await read : read;
  if (inputs.details !== undefined) details.push(...inputs.details);
  if (details.length > 0) throw new ValidationError(details, parsed.json);
  context.accept(inputs);
  giveValues(context, operation.plan, made);
  return encodeReply(operation, context, await operation.declaration.handler(context));
}

function readFor(
  node: CompiledDependency,
  { request, parsed }: Passage,
): ReadInputs | undefined | Promise<ReadInputs> {
  return node.inputs === undefined || node.fixed !== undefined
    ? undefined
    : readInputs(node.inputs, request, parsed);
}

/** Stays synchronous where it can: what is awaited costs a turn of the microtasks each. */
function make(
  operation: CompiledOperation,
  node: CompiledDependency,
  read: ReadInputs | undefined,
  made: Made,
  passage: Passage,
  open: OpenDependencies,
): unknown {
  const { declaration, fixed, path, crosses } = node;
  const { inThread, kept, traceDependency } = passage.place;
  if (fixed !== undefined) return fixed.value;
  if (declaration.scope === "thread" || declaration.scope === "app") return kept.get(declaration);
  if (traceDependency === undefined) return makeAnew(operation, node, read, made, passage, open);
  const lane = inThread || crosses ? "thread" : "loop";
  return traceDependency(path, lane, async () => makeAnew(operation, node, read, made, passage, open));
}

function makeAnew(
  operation: CompiledOperation,
  node: CompiledDependency,
  read: ReadInputs | undefined,
  made: Made,
  { context, request, place }: Passage,
  open: OpenDependencies,
): unknown {
  const { declaration, crosses } = node;
  const inputs = read ?? noInputs(request);
  if (crosses) {
    const values = giveValues({}, node, made);
    return place.makeOnThread({ operation, node, request, inputs, values, exchange: context });
  }
  const own = giveValues(new DependencyContext(context, inputs), node, made);
  return declaration.isGenerator ? open.enter(declaration, own) : declaration.fn(own);
}

function noInputs({ params }: RawRequest): ReadInputs {
  const none = {};
  return {
    params: { ...params },
    query: none,
    headers: none,
    cookies: none,
    body: undefined,
    form: undefined,
    details: undefined,
  };
}

/** Sets what was made for someone under the names by which it needs it. */
function giveValues<Target extends object>(
  target: Target,
  { deps }: Pick<CompiledDependency, "deps">,
  made: Made,
): Target & Record<string, unknown> {
  for (const [name, index] of deps) (target as Record<string, unknown>)[name] = made.get(index);
  return target as Target & Record<string, unknown>;
}

/** After the response it is too late to answer: what goes wrong in closing is for the log. */
async function finish(open: OpenDependencies, failure: Failure | undefined): Promise<void> {
  const left = await open.close(failure);
  if (left !== undefined && left.error !== failure?.error) throw left.error;
}

async function closeAfterFailure(
  { declaration }: CompiledOperation,
  open: OpenDependencies,
  failure: Failure,
): Promise<Failure> {
  const inner = await open.close(failure, "function");
  const left = await open.close(inner);
  if (left !== undefined) return left;
  const error = new OffloopError(
    "OFFLOOP_ERROR_SWALLOWED",
    `Cannot answer ${declaration.id}: a dependency caught its error and did not throw again`,
    {
      at: declaration.location,
      fix: "throw the error again at the end of the catch, or an HTTPError in its place",
      cause: failure.error,
    },
  );
  return { error };
}
