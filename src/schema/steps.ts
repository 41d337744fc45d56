import { nextTurn } from "../errors/timers.ts";

/** Work in steps: others may use the lane between two of them. */
export type Steps<Result> = Generator<void, Result>;

/** Does it to the end; on the loop, others get their turn between two steps. */
export function inSteps<Result>(
  steps: Steps<Result | Promise<Result>>,
  lane: "loop" | "thread",
): Result | Promise<Result> {
  const first = steps.next();
  if (first.done) return first.value;
  return lane === "loop" ? inTurns(steps) : atOnce(steps);
}

/** A thread has one call at a time: yielding in between would only let leftovers of an earlier call end this one. */
function atOnce<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

async function inTurns<Result>(steps: Steps<Result | Promise<Result>>): Promise<Result> {
  for (;;) {
    await nextTurn();
    const step = steps.next();
    if (step.done) return step.value;
  }
}
