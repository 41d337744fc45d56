import type { State } from "./server-process.ts";

/**
 * Memory in use after each round of load, when all calls have ended and garbage was collected, and the peak in between.
 */
export interface Memory {
  readonly settled: readonly State[];
  readonly mostRss: number;
}

export interface Judgement {
  readonly isRight: boolean;
  readonly text: string;
}

/**
 * The first rounds fill what is kept on purpose: code that V8 compiles, threads, connections, pools of buffers. After
 * them nothing should be added.
 */
const WARM_ROUNDS = 2;
/** Fewer rounds cannot distinguish a leak from memory that is still filling up. */
const MIN_ROUNDS = 5;
/** How far above the warm value it may end. */
const GROWTH = 1.2;
/** How much a heap may grow in any case, since it is small: a hundred thousand requests that leave 100 bytes each. */
const HEAP_SLACK = 10 * 2 ** 20;
/** Five threads of 80 MiB, the main thread, and the uploads and bodies in transit. */
const CEILING = 1_200 * 2 ** 20;

/** Says whether memory was kept. */
export function judgeMemory({ settled, mostRss }: Memory): Judgement[] {
  const isBelow = mostRss <= CEILING;
  return [
    growth(
      "RSS at rest",
      settled.map(({ rss }) => rss),
      0,
    ),
    growth(
      "heap at rest",
      settled.map(({ heap }) => heap),
      HEAP_SLACK,
    ),
    {
      isRight: isBelow,
      text: `RSS, most: ${mib(mostRss)}, ${isBelow ? "below" : "ABOVE"} the ceiling of ${mib(CEILING)}`,
    },
  ];
}

function growth(what: string, values: readonly number[], slack: number): Judgement {
  const shown = `${what}: ${values.map(mib).join(", ")}`;
  if (values.length < MIN_ROUNDS) return { isRight: true, text: `${shown}: too short to be judged` };
  const warm = Math.max(...values.slice(0, WARM_ROUNDS));
  // The minimum of the last two: one round may end while a thread is being replaced.
  const end = Math.min(...values.slice(-2));
  const isRight = end <= warm * GROWTH + slack;
  return { isRight, text: `${shown}: ${isRight ? "a plateau" : "GROWN"}` };
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
