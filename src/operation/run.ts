import { ValidationError } from "../errors/http-error.ts";
import { withinLimit } from "../schema/details.ts";
import { parseBody } from "./body.ts";
import type { CompiledDependency, CompiledOperation } from "./compile.ts";
import { RequestContext } from "./context.ts";
import { encodeReply } from "./encode.ts";
import { answerError } from "./error-reply.ts";
import { withFirstChunk } from "./first-chunk.ts";
import { discardBody, isReady, type RawReply, type RawRequest } from "./raw.ts";
import { readInputs } from "./read.ts";
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
 * Awaits only what is not there yet, and creates nothing for dependencies where there are none: it runs for each
 * request.
 *
 * @param deadline - Once it has passed, the handler is not called any more.
 */
export async function runOperation(
  operation: CompiledOperation,
  request: RawRequest,
  runtime: Runtime,
  deadline?: Deadline,
): Promise<RawReply> {
  const context = new RequestContext(operation.declaration.id, request, runtime);
  const run: OperationRun = { operation, request, runtime, context };
  const needed = operation.dependencies;
  const dependencies = needed.length === 0 ? undefined : new RequestDependencies(run);
  let made: RawReply | undefined;
  try {
    const body = parseBody(operation, request);
    // An index loop, since V8 compiles an iterator's steps in an async function to calls.
    for (let index = 0; dependencies !== undefined && index < needed.length; index++) {
      const dependency = needed[index] as CompiledDependency;
      const read = dependencies.read(dependency, body);
      const inputs = read instanceof Promise ? await read : read;
      dependencies.add(await dependencies.provide(dependency, inputs));
    }
    const read = readInputs(operation.inputs, request, body);
    const inputs = read instanceof Promise ? await read : read;
    const details = dependencies?.joinDetails(inputs.details) ?? inputs.details;
    if (details !== undefined) throw new ValidationError(withinLimit(details, operation.bounds), body.json);
    context.acceptInputs(inputs);
    context.acceptSession(operation.declaration.inputs.session);
    dependencies?.setValues(context, operation.plan);
    if (deadline?.passed !== undefined) throw deadline.passed;
    const encoded = encodeReply(operation, context, await operation.declaration.handler(context));
    made = encoded instanceof Promise ? await encoded : encoded;
    const closed = dependencies?.areOpen ? await dependencies.closeAfterReply(made) : made;
    const begun = isReady(closed.body) ? closed : await withFirstChunk(closed, request);
    return context.withTasks(context.sealed(begun));
  } catch (thrown) {
    if (made !== undefined) discardBody(made);
    return answerFailure(run, dependencies, thrown);
  }
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
