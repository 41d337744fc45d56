import { finished } from "node:stream";
import type { FastifyReply } from "fastify";
import { newRecord, operationChannel, recordLoop, requestChannel } from "../channels/channels.ts";
import type { HttpRequest } from "../http/request.ts";
import type { RawReply } from "../operation/raw.ts";
import type { RunnableOperation } from "./lanes.ts";

/** Runs an operation, and publishes its start and end if anyone listens. */
export function runObservedOperation(
  operation: Pick<RunnableOperation, "declaration" | "run">,
  request: HttpRequest,
): Promise<RawReply> {
  return operationChannel.hasSubscribers ? publishRun(operation, request) : operation.run(request);
}

async function publishRun(
  operation: Pick<RunnableOperation, "declaration" | "run">,
  request: HttpRequest,
): Promise<RawReply> {
  const { id, lane } = operation.declaration;
  const about = { request: request.id, operation: id, lane } as const;
  const record = newRecord();
  const start = performance.now();
  operationChannel.publish({ event: "start", ...about });
  const reply = await operation.run(request, record);
  if (lane === "loop") recordLoop(record, start);
  operationChannel.publish({ event: "end", ...about, ...record, status: reply.status });
  return reply;
}

/** Publishes that a request came in, and, when its response has been sent or its client is gone, that it ended. */
export function observeRequest(request: string, operation: string, { raw }: FastifyReply): void {
  const start = performance.now();
  requestChannel.publish({ event: "start", request, operation });
  finished(raw, () => {
    const durationMs = performance.now() - start;
    requestChannel.publish({ event: "end", request, operation, status: raw.statusCode, durationMs });
  });
}
