import type { App } from "../app/app.ts";
import { type Lifespan, openLifespans } from "../app/lifespan.ts";
import { servedLifespans } from "../app/parts.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import { formatLocation } from "../errors/offloop-error.ts";
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
  const { log, onUnclosed } = options;
  const forLifespans = new TaskThreads(app, options);
  opened.defer(() => forLifespans.close());
  for (const lifespan of servedLifespans(app, "main")) {
    const close = await watched(log, lifespan, openLifespans([lifespan]));
    opened.defer(async () => {
      for (const failure of await close()) {
        const error = describeError(failure);
        log.error({ err: loggable(error) }, `a lifespan failed to close: ${error.message}`);
        onUnclosed?.(failure);
      }
    });
    ending?.throwIfAborted();
  }
  const lanes = await openLanes(app, options);
  forLifespans.handOver();
  opened.defer(() => lanes.close());
  return lanes;
}

/** A start that takes longer than this is reported: whoever waits for it should see for what. */
const LONG_MS = 30_000;

/** Logs which lifespan a start waits for, if it waits for long. */
async function watched<Result>(
  log: LaneOptions["log"],
  { location }: Lifespan,
  opening: Promise<Result>,
): Promise<Result> {
  const timer = setInterval(() => {
    const what = "still starting: this lifespan has not come to its yield";
    log.warn(`${what}\n  at ${formatLocation(location)}`);
  }, LONG_MS).unref();
  try {
    return await opening;
  } finally {
    clearInterval(timer);
  }
}
