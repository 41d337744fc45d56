import { newRecord } from "../channels/channels.ts";
import { type DescribedError, describeError } from "../errors/described-error.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { Around } from "../lanes/around.ts";
import type { TracedPayload } from "../threads/crossing/messages.ts";
import type { ReplyPayload } from "../threads/crossing/payloads.ts";
import type { TaskOutcome } from "../threads/crossing/values.ts";
import type { CallPool, NewCall } from "../threads/pool/call.ts";
import type { PackedSpan, Tracing } from "./tracing.ts";

/** Makes spans for tasks, dependencies and calls on threads as they run, and records why a request has failed. */
export function traceRuns(tracing: Tracing): Around {
  return {
    operation: ({ id, lane, isMessage }, run) =>
      isMessage ? (message) => tracing.message(id, lane, () => run(message)) : run,
    task: (run) => (call) => {
      const { task, attempt } = call;
      return attempt === undefined
        ? tracing.task(task.name, task.lane, call.class === "background", () => run(call))
        : tracing.job({ task, job: attempt.job, trace: attempt.trace as PackedSpan | undefined }, () =>
            run(call),
          );
    },
    dependency: tracing.dependency,
    failure: (_operation, { message }, reply) => {
      if (reply.error !== undefined) tracing.requests.fail(message, reply.error);
      return reply;
    },
    calls: (pool, works) => tracedPool(pool, works, tracing),
  };
}

/**
 * The same pool, with a span for each run on a thread, from the moment it is handed over. The payload is wrapped for
 * the thread; its counterpart is {@link openInThread}.
 *
 * @param works - The pool's table of work.
 */
function tracedPool(pool: CallPool, works: readonly { readonly id: string }[], tracing: Tracing): CallPool {
  return {
    run: (call) => {
      const span = tracing.begin(`thread ${works[call.work]?.id}`);
      const record = call.record ?? newRecord();
      const settle: NewCall["settle"] = (error, outcome, holder) => {
        const { queueMs, thread } = record;
        const where = thread === undefined ? {} : { "thread.id": thread };
        span.end({ "offloop.queue_ms": queueMs, ...where }, failureOf(error, outcome));
        call.settle(error, outcome, holder);
      };
      const payload: TracedPayload = { trace: span.context, payload: call.payload };
      pool.run({ ...call, record, payload, settle });
    },
    runOn: (holder, call) => {
      const payload: TracedPayload = { trace: tracing.pack(), payload: call.payload };
      pool.runOn(holder, { ...call, payload });
    },
  };
}

/**
 * What went wrong in a call. A client's mistake is an answer rather than a failure, and hanging up
 * is not a failure either.
 */
function failureOf(error: OffloopError | undefined, outcome: unknown): DescribedError | undefined {
  if (error !== undefined) return error.code === "OFFLOOP_CLIENT_GONE" ? undefined : describeError(error);
  if ((outcome as unknown[]).length > 2) return (outcome as ReplyPayload)[5];
  const [ok, given] = outcome as TaskOutcome;
  if (ok || (given.http !== undefined && given.http.status < 500)) return undefined;
  return given.error;
}
