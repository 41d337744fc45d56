import { enqueueForThread, type Task } from "../app/task.ts";
import type { SyncEnqueue } from "../threads/crossing/messages.ts";
import { packThrown, type TaskOutcome } from "../threads/crossing/thrown.ts";

/** Stores a job for a thread that waits, and wakes it. Never rejects. */
export async function enqueueFor(tasks: readonly Task[], call: SyncEnqueue): Promise<void> {
  const { enqueue: name, args, options, trace, reply, done } = call;
  const task = tasks.find((one) => one.name === name) as Task;
  let outcome: TaskOutcome;
  try {
    outcome = [true, await enqueueForThread(task, args, { options, trace })];
  } catch (thrown) {
    outcome = [false, packThrown(thrown)];
  }
  reply.postMessage(outcome);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
  reply.close();
}
