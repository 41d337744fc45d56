import type { DurableTask, Task } from "../app/task.ts";
import type { SyncEnqueue } from "../threads/crossing/messages.ts";
import { packThrown, type TaskOutcome } from "../threads/crossing/values.ts";

/** Stores a job for a thread that waits, and wakes it. Never rejects. */
export async function enqueueFor(tasks: readonly Task[], call: SyncEnqueue): Promise<void> {
  const { enqueue: name, args, options, reply, done } = call;
  const task = tasks.find((one) => one.name === name) as DurableTask | undefined;
  let outcome: TaskOutcome;
  try {
    outcome = [true, await task?.with(options).enqueue(...args)];
  } catch (thrown) {
    outcome = [false, packThrown(thrown)];
  }
  reply.postMessage(outcome);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
  reply.close();
}
