import type { App } from "../app/app.ts";
import { openLifespans } from "../app/lifespan.ts";
import { servedLifespans } from "../app/parts.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import { type LaneOptions, type Lanes, openLanes } from "./lanes.ts";
import { TaskThreads } from "./task-threads.ts";

/**
 * Opens an app's lifespans, which may call its tasks, and then its lanes.
 *
 * @param opened - Collects what to close, in reverse order.
 * @param ending - Aborts when the start is to end: nothing more is opened, and it rejects.
 */
export async function openWithLifespans(
  app: App,
  options: LaneOptions,
  opened: AsyncDisposableStack,
  ending?: AbortSignal,
): Promise<Lanes> {
  const { log } = options;
  const forLifespans = new TaskThreads(app, options);
  opened.defer(() => forLifespans.close());
  for (const lifespan of servedLifespans(app, "main")) {
    const close = await openLifespans([lifespan]);
    opened.defer(async () => {
      for (const failure of await close()) {
        const error = describeError(failure);
        log.error({ err: loggable(error) }, `a lifespan failed to close: ${error.message}`);
      }
    });
    ending?.throwIfAborted();
  }
  const lanes = await openLanes(app, options);
  forLifespans.handOver();
  opened.defer(() => lanes.close());
  return lanes;
}
