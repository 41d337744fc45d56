import { newRecord } from "../channels/channels.ts";
import { type DescribedError, describeError } from "../errors/described-error.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import type { TracedPayload } from "../threads/crossing/messages.ts";
import type { ReplyPayload } from "../threads/crossing/payloads.ts";
import type { TaskOutcome } from "../threads/crossing/values.ts";
import type { CallPool, NewCall } from "../threads/pool/call.ts";
import type { Tracing } from "./tracing.ts";

/**
 * The same pool, with a span for each run on a thread, from the moment it is handed over. The payload is wrapped for
 * the thread; its counterpart is {@link openInThread}.
 *
 * @param works - The pool's table of work.
 */
export function tracedPool(
  pool: CallPool,
  works: readonly { readonly id: string }[],
  tracing: Tracing,
): CallPool {
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
