import { ValidationError } from "../errors/validation-error.ts";
import { readBody } from "./body.ts";
import type { CompiledOperation } from "./compile.ts";
import { encodeReply } from "./encode.ts";
import { answerFailure } from "./failure.ts";
import { readForm } from "./form.ts";
import type { Place } from "./place.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { type ParsedBody, type ReadInputs, readInputs } from "./read.ts";
import { RequestContext } from "./request-context.ts";
import { runWithDependencies } from "./run-with-dependencies.ts";

/**
 * One request from bytes to bytes: read and validate, call the handler, encode. The same on the loop and in a thread,
 * and it never throws: whatever goes wrong becomes a reply.
 */
export async function runOperation(
  operation: CompiledOperation,
  request: RawRequest,
  place: Place,
): Promise<RawReply> {
  const context = new RequestContext(operation.declaration.id, request, place.inThread);
  try {
    const parsed = parseBody(operation, request);
    if (operation.dependencies !== undefined)
      return await runWithDependencies(operation, operation.dependencies, {
        context,
        request,
        parsed,
        place,
      });
    const read = readInputs(operation.inputs, request, parsed);
    context.accept(valid(read instanceof Promise ? await read : read, parsed));
    const value = await operation.declaration.handler(context);
    const reply = encodeReply(operation, context, value);
    return reply instanceof Promise ? await reply : reply;
  } catch (thrown) {
    const answer = answerFailure(operation, context, request, thrown, place);
    return answer instanceof Promise ? await answer : answer;
  }
}

const noBody: ParsedBody = { json: undefined, form: undefined };

function parseBody({ reads, strictContentType }: CompiledOperation, request: RawRequest): ParsedBody {
  if (!reads.json && !reads.form) return noBody;
  return {
    json: reads.json ? readBody(request, strictContentType) : undefined,
    form: reads.form ? readForm(request) : undefined,
  };
}

/** @throws {ValidationError} When anything is wrong. */
function valid(inputs: ReadInputs, { json }: ParsedBody): ReadInputs {
  if (inputs.details !== undefined) throw new ValidationError(inputs.details, json);
  return inputs;
}
