import type { CompiledOperation } from "./compile.ts";
import { encodeReply } from "./encode.ts";
import { answerFailure } from "./failure.ts";
import { parseBody } from "./parsed-body.ts";
import type { Passage } from "./passage.ts";
import type { Place } from "./place.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { readInputs } from "./read.ts";
import { refusal } from "./refusal.ts";
import { RequestContext } from "./request-context.ts";
import { runWithDependencies } from "./run-with-dependencies.ts";

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
    if (inputs.details !== undefined) throw refusal(inputs.details, parsed, operation.bounds);
    context.accept(inputs);
    const reply = encodeReply(operation, context, await operation.declaration.handler(context));
    return reply instanceof Promise ? await reply : reply;
  } catch (thrown) {
    const answer = answerFailure(operation, context, request, thrown, place);
    return answer instanceof Promise ? await answer : answer;
  }
}
