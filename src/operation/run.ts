import type { CompiledOperation } from "./compile.ts";
import type { RawReply, RawRequest } from "./raw.ts";
import { readInputs } from "./read.ts";
import { encodeReply, failureReply } from "./reply.ts";
import { RequestContext } from "./request-context.ts";

/**
 * One request from bytes to bytes: read and validate, call the handler, encode. The same on the loop and in a thread,
 * and it never throws: whatever goes wrong becomes a reply.
 */
export async function runOperation(
  operation: CompiledOperation,
  request: RawRequest,
  inThread: boolean,
): Promise<RawReply> {
  try {
    const read = readInputs(operation, request);
    const inputs = read instanceof Promise ? await read : read;
    const context = new RequestContext(operation, request, inputs, inThread);
    const value = await operation.declaration.handler(context);
    return encodeReply(operation, context, value);
  } catch (thrown) {
    return failureReply(thrown);
  }
}
