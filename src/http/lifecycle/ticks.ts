import { executionAsyncResource } from "node:async_hooks";

const kept: object[] = [];

/**
 * Keeps one of the objects in which Node queues what `process.nextTick` is to call. If a full garbage collection finds
 * none of them alive, V8 forgets their shape, and each `nextTick` takes four to six times as long until the process
 * ends. A request makes three.
 */
export function keepTickShape(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}
