import { ValidationError } from "../errors/http-error.ts";
import { withinLimit } from "../schema/details.ts";
import { type ParsedBody, parseBody } from "./body.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { RequestContext } from "./context.ts";
import { encodeReply } from "./encode.ts";
import { answerError } from "./error-reply.ts";
import { withFirstChunk } from "./first-chunk.ts";
import { discardBody, isReady, type RawReply, type RawRequest } from "./raw.ts";
import { type ReadInputs, readInputs } from "./read.ts";
import { type OperationRun, RequestDependencies } from "./request-dependencies.ts";
import type { Runtime } from "./runtime.ts";

/** A deadline on the loop, where nothing ends what runs. */
export interface Deadline {
  /** What has been answered since it passed; undefined until then. */
  passed: Error | undefined;
}

/**
 * One request from bytes to bytes: reads and validates the inputs, calls the dependencies in order, then the handler,
 * encodes its return value, and closes what was opened. The same on the loop and in a thread. Never rejects: any
 * failure becomes a reply.
 *
 * It runs for each request: it awaits only what is not there yet, creates nothing for dependencies where there are none,
 * and leaves to other functions what needs variables, since V8 allocates all of an async function's with each call.
 *
 * @param deadline - Once it has passed, the handler is not called any more, and dependencies see that it has failed.
 */
export async function runOperation(
  operation: CompiledOperation,
  request: RawRequest,
  runtime: Runtime,
  deadline?: Deadline,
): Promise<RawReply> {
  const context = new RequestContext(operation.declaration.id, request, runtime);
  const run: OperationRun = { operation, request, runtime, context };
  const dependencies = operation.dependencies.length === 0 ? undefined : new RequestDependencies(run);
  try {
    const body = parseBody(operation, request);
    // An index loop, since V8 compiles an iterator's steps in an async function to calls.
    for (let index = 0; dependencies !== undefined && index < operation.dependencies.length; index++) {
      const dependency = operation.dependencies[index] as CompiledDependency;
      const read = dependencies.read(dependency, body);
      dependencies.add(await dependencies.provide(dependency, read instanceof Promise ? await read : read));
    }
    const read = readInputs(operation.inputs, request, body);
    acceptInputs(run, dependencies, read instanceof Promise ? await read : read, body);
    if (deadline?.passed !== undefined) throw deadline.passed;
    const encoded = encodeReply(operation, context, await operation.declaration.handler(context));
    const isMade = !(encoded instanceof Promise) && isReady(encoded.body) && !dependencies?.areOpen;
    return isMade ? complete(run, encoded) : await completeLater(run, dependencies, encoded, deadline);
  } catch (thrown) {
    return answerFailure(run, dependencies, thrown);
  }
}

/** @throws {ValidationError} When an input is wrong, also one of a dependency. */
function acceptInputs(
  { operation, context }: OperationRun,
  dependencies: RequestDependencies | undefined,
  inputs: ReadInputs,
  body: ParsedBody,
): void {
  const details = dependencies?.joinDetails(inputs.details) ?? inputs.details;
  if (details !== undefined) throw new ValidationError(withinLimit(details, operation.bounds), body.json);
  context.acceptInputs(inputs);
  context.acceptSession(operation.declaration.inputs.session);
  dependencies?.setValues(context, operation.plan);
}

/** Waits for what takes time, and closes the dependencies. */
async function completeLater(
  run: OperationRun,
  dependencies: RequestDependencies | undefined,
  encoded: RawReply | Promise<RawReply>,
  deadline: Deadline | undefined,
): Promise<RawReply> {
  const made = await encoded;
  try {
    // The deadline has answered the request: nothing of it is to be committed.
    if (dependencies?.areOpen && deadline?.passed !== undefined) throw deadline.passed;
    const closed = dependencies?.areOpen ? await dependencies.closeAfterReply(made) : made;
    return complete(run, await withFirstChunk(closed, run.request));
  } catch (thrown) {
    discardBody(made);
    throw thrown;
  }
}

function complete({ context }: OperationRun, reply: RawReply): RawReply {
  return context.withTasks(context.sealed(reply));
}

/** Closes the dependencies of a run that failed, which see the failure, and answers it. */
export async function answerFailure(
  run: OperationRun,
  dependencies: RequestDependencies | undefined,
  thrown: unknown,
): Promise<RawReply> {
  const { error } = dependencies?.areOpen ? await dependencies.closeAfterError(thrown) : { error: thrown };
  return run.context.withTasks(await answerError(run, error));
}
