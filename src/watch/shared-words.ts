/**
 * What runs on the loop, in memory that the watchdog reads while the loop cannot answer. The first word is the mark of
 * what is running right now, where known; each other word counts the runs in progress of one mark.
 */
export type MarkWords = Int32Array<SharedArrayBuffer>;
/** Index of the word that says what is running; as a mark it stands for code that belongs to no operation. */
export const RUNNING = 0;
export const MAX_MARKS = 4096;

/**
 * The loop's heartbeat. The main thread writes it, the watchdog reads it; each word is an aligned double, which nobody
 * sees half written.
 */
export type PulseWords = Float64Array<SharedArrayBuffer>;
/** Index of the time when the loop last turned, on the clock of {@link clockMs}. */
export const BEAT_AT = 0;
/** Index of the milliseconds between beats. */
export const BEAT_MS = 1;
/** Index of a flag: 1 while nothing is to be reported: before the first run, or where nothing tells a block from a breakpoint. */
export const MUTED = 2;
/** Index of the total time the main thread had waited for a CPU when the loop last turned, in milliseconds. */
export const DELAYED_MS = 3;
/** Index of the total time it had run by then, in milliseconds. */
export const RAN_MS = 4;
/** Index of a flag: 1 while a debugger may pause the main thread, which sleeps then. */
export const PAUSABLE = 5;

export function createMarkWords(): MarkWords {
  return new Int32Array(new SharedArrayBuffer(MAX_MARKS * Int32Array.BYTES_PER_ELEMENT));
}

export function createPulseWords(): PulseWords {
  return new Float64Array(new SharedArrayBuffer(6 * Float64Array.BYTES_PER_ELEMENT));
}

/** The marks below `count` that have runs in progress. */
export function marksInProgress(words: MarkWords, count: number): number[] {
  const found: number[] = [];
  for (let mark = 1; mark < count; mark++) if ((words[mark] as number) > 0) found.push(mark);
  return found;
}

/** Milliseconds on a clock that only moves forward and is the same in every thread. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
