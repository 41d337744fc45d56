import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { findUncloneable } from "../../app/cloneable.ts";
import type { EnqueuedJob } from "../../app/jobs.ts";
import { callerLocation } from "../../app/location.ts";
import type { TaskEnqueuer } from "../../app/task.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { SyncEnqueue } from "../crossing/messages.ts";
import { type TaskOutcome, unpackThrown } from "../crossing/thrown.ts";

/**
 * In a thread: has the main thread store jobs, and blocks until that is done.
 *
 * @param trace - What is active, for the trace of the job.
 */
export function threadEnqueuer(port: MessagePort, trace: () => unknown): TaskEnqueuer {
  const enqueueSync: TaskEnqueuer["enqueueSync"] = ({ name, location }, args, options) => {
    if (options.tx !== undefined) {
      throw new OffloopError(
        "OFFLOOP_JOBS_TRANSACTION",
        `Cannot enqueue task "${name}" in a transaction on a thread: a transaction does not cross`,
        { at: callerLocation(), fix: "enqueue in an async function, which runs on the loop" },
      );
    }
    const unfit = findUncloneable(args, "args");
    if (unfit !== undefined) {
      throw new OffloopError("OFFLOOP_JOB_ARGUMENT", `Cannot enqueue task "${name}": ${unfit} is not JSON`, {
        at: location,
        fix: "pass plain data: ids, text, numbers, lists",
      });
    }
    const { port1, port2 } = new MessageChannel();
    const done = new Int32Array(new SharedArrayBuffer(4));
    const call: SyncEnqueue = { enqueue: name, args, options, trace: trace(), reply: port2, done };
    port.postMessage(call, [port2]);
    Atomics.wait(done, 0, 0);
    const received = receiveMessageOnPort(port1) as { readonly message: TaskOutcome };
    const [ok, given] = received.message;
    port1.close();
    if (ok) return given as EnqueuedJob;
    throw unpackThrown(given);
  };
  return {
    enqueueSync,
    enqueue: async (...call) => enqueueSync(...call),
    enqueueForThread: async (task, args, { options }) => enqueueSync(task, args, options),
  };
}
