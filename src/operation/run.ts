import { type ValidationDetail, ValidationError } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { withinLimit } from "../schema/details.ts";
import { type ParsedBody, parseBody } from "./body.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { DependencyContext, RequestContext } from "./context.ts";
import { encodeReply } from "./encode.ts";
import { answerFailure } from "./failure.ts";
import { type Failure, OpenDependencies } from "./open-dependencies.ts";
import type { Place } from "./place.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { noInputs, type ReadInputs, readInputs } from "./read.ts";

/**
 * One request from bytes to bytes: read and validate, call the handler, encode. The same on the loop and in a thread,
 * and it never throws: whatever goes wrong becomes a reply.
 */
export function runOperation(
  operation: CompiledOperation,
  request: RawRequest,
  place: Place,
): Promise<RawReply> {
  const context = new RequestContext(operation.declaration.id, request, place.inThread);
  const passage: Passage = { operation, request, context, place };
  const { dependencies } = operation;
  return dependencies === undefined ? runAlone(passage) : runWithDependencies(passage, dependencies);
}

/** Awaits only what is not there yet: each turn of the microtasks costs more than a step of these. */
async function runAlone({ operation, request, context, place }: Passage): Promise<RawReply> {
  try {
    const parsed = parseBody(operation, request);
    const read = readInputs(operation.inputs, request, parsed);
    const inputs = read instanceof Promise ? await read : read;
    if (inputs.details !== undefined) throw refusal(inputs.details, parsed, operation);
    context.accept(inputs);
    const reply = encodeReply(operation, context, await operation.declaration.handler(context));
    return reply instanceof Promise ? await reply : reply;
  } catch (thrown) {
    const answer = answerFailure(operation, context, request, thrown, place);
    return answer instanceof Promise ? await answer : answer;
  }
}

/** Stands for what a dependency would have made. */
const missing = Symbol("missing");

/** What the dependencies made, or that it is missing, in the order of the plan. */
type Made = unknown[];

/**
 * The same steps for an operation that needs something: makes what it needs in order, calls it, and closes what was
 * opened. Mistakes in inputs are collected over all of them; one whose own inputs are wrong, or that needs such a one,
 * is not made, and then the handler is not called. What the request needs for longer is left to `finish`.
 */
export async function runWithDependencies(
  passage: Passage,
  dependencies: readonly CompiledDependency[],
): Promise<RawReply> {
  const { operation, context, request, place } = passage;
  const open = new OpenDependencies();
  try {
    const parsed = parseBody(operation, request);
    let details: ValidationDetail[] = [];
    const made: Made = [];
    // Counted, as V8 makes calls of an iterator's steps in an async function.
    for (let index = 0; index < dependencies.length; index++) {
      const node = dependencies[index] as CompiledDependency;
      const read = readFor(node, request, parsed);
      const inputs = read instanceof Promise ? await read : read;
      if (inputs?.details !== undefined) details = details.concat(inputs.details);
      const isMakeable = inputs?.details === undefined && lacksNothing(node, made);
      made.push(isMakeable ? await make(passage, node, inputs, made, open) : missing);
    }
    const read = readInputs(operation.inputs, request, parsed);
    const inputs = read instanceof Promise ? await read : read;
    if (inputs.details !== undefined) details = details.concat(inputs.details);
    if (details.length > 0) throw refusal(details, parsed, operation);
    context.accept(inputs);
    giveValues(context, operation.plan, made);
    const reply = encodeReply(operation, context, await operation.declaration.handler(context));
    const answer = reply instanceof Promise ? await reply : reply;
    return open.size === 0 ? answer : await closeAfterReply(open, answer);
  } catch (thrown) {
    const { error } = await closeAfterFailure(operation, open, { error: thrown });
    return answerFailure(operation, context, request, error, place);
  }
}

function lacksNothing({ deps }: CompiledDependency, made: Made): boolean {
  return deps.every(({ index }) => made[index] !== missing);
}

function readFor(
  node: CompiledDependency,
  request: RawRequest,
  parsed: ParsedBody,
): ReadInputs | undefined | Promise<ReadInputs> {
  return node.inputs === undefined || node.fixed !== undefined
    ? undefined
    : readInputs(node.inputs, request, parsed);
}

/** Stays synchronous where it can: what is awaited costs a turn of the microtasks each. */
function make(
  passage: Passage,
  node: CompiledDependency,
  read: ReadInputs | undefined,
  made: Made,
  open: OpenDependencies,
): unknown {
  const { declaration, fixed, path, crosses } = node;
  const { inThread, kept, traceDependency } = passage.place;
  if (fixed !== undefined) return fixed.value;
  if (declaration.scope === "thread" || declaration.scope === "app") return kept.get(declaration);
  if (traceDependency === undefined) return makeAnew(passage, node, read, made, open);
  const lane = inThread || crosses ? "thread" : "loop";
  return traceDependency(path, lane, async () => makeAnew(passage, node, read, made, open));
}

function makeAnew(
  { operation, context, request, place }: Passage,
  node: CompiledDependency,
  read: ReadInputs | undefined,
  made: Made,
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

/** Sets what was made for someone under the names by which it needs it. */
function giveValues<Target extends object>(
  target: Target,
  { deps }: Pick<CompiledDependency, "deps">,
  made: Made,
): Target & Record<string, unknown> {
  for (const { name, index } of deps) (target as Record<string, unknown>)[name] = made[index];
  return target as Target & Record<string, unknown>;
}

/** Closes what lasts as long as the function; what lasts as long as the request is left to `finish`. */
async function closeAfterReply(open: OpenDependencies, reply: RawReply): Promise<RawReply> {
  const failure = await open.close(undefined, "function");
  if (failure !== undefined) throw failure.error;
  return open.size === 0 ? reply : { ...reply, finish: (late) => finish(open, late) };
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

/** The error of a request that does not fit, with as many of its mistakes as are told. */
function refusal(
  details: readonly ValidationDetail[],
  { json }: ParsedBody,
  { bounds }: CompiledOperation,
): ValidationError {
  return new ValidationError(withinLimit(details, bounds), json);
}

/** One request on its way through an operation. */
export interface Passage {
  readonly operation: CompiledOperation;
  readonly request: RawRequest;
  readonly context: RequestContext;
  readonly place: Place;
}
