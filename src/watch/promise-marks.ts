import { promiseHooks } from "node:v8";
import { marks, runs } from "./marks.ts";
import { RUNNING } from "./shared-words.ts";

/**
 * Marks what runs also after an await, so that even a native call that cannot be looked into has a name. Costs a few
 * percent of a request that does nothing; for development. Gives the function that ends it.
 */
export function markContinuations(): () => void {
  const stopBefore = promiseHooks.onBefore(() => {
    marks[RUNNING] = runs.getStore()?.mark ?? 0;
  });
  const stopAfter = promiseHooks.onAfter(() => {
    marks[RUNNING] = 0;
  });
  return () => {
    (stopBefore as () => void)();
    (stopAfter as () => void)();
  };
}
