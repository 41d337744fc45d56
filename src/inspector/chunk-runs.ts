import type { ChunksEvent } from "../channels/channels.ts";
import type { Runs } from "./runs.ts";

type ChunksEnd = Extract<ChunksEvent, { event: "end" }>;

/** Chunks that follow each other this closely are one run: a stream may make thousands a second. */
const GAP_MS = 2;
/** A run does not get longer by that. */
const LONGEST_MS = 200;

/** The outcome of a run that has produced chunks. */
const PRODUCED = 2;
const THREW = 0;

/** Chunks of one stream that are shown as one run. From `performance.now()`. */
interface Part {
  readonly name: number;
  readonly request: string;
  readonly lane: "loop" | "thread";
  readonly thread: number | undefined;
  readonly queueMs: number;
  readonly startedAt: number;
  endedAt: number;
}

/** The production of streams' chunks, as runs. */
export class ChunkRuns {
  readonly #runs: Runs;
  /** What has been produced last for each request, and may go on. */
  readonly #parts = new Map<string, Part>();
  #timer: NodeJS.Timeout | undefined;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** On the loop a stream may wait for long: that is shown while it does. What a thread has to do is known at its end. */
  start({ request, lane }: ChunksEvent, name: number, now: number): void {
    if (lane === "thread") return;
    const part = this.#parts.get(request);
    if (part !== undefined && this.#goesOn(part, now)) return;
    this.#finish(part);
    this.#runs.start(keyOf(request), { name, request, lane }, now);
  }

  /** Returns when the production of these chunks started. */
  end({ request, lane, thread, queueMs, runMs, error }: ChunksEnd, name: number, now: number): number {
    const startedAt = now - runMs;
    const part = this.#parts.get(request);
    const goesOn = part !== undefined && part.thread === thread && this.#goesOn(part, startedAt);
    if (goesOn) part.endedAt = now;
    else {
      this.#finish(part);
      this.#parts.set(request, { name, request, lane, thread, queueMs, startedAt, endedAt: now });
    }
    if (error !== undefined) this.#finish(this.#parts.get(request), THREW);
    else this.#timer ??= setTimeout(() => this.#finishOld(), LONGEST_MS).unref();
    return startedAt;
  }

  /** No more come. */
  stop(request: string): void {
    this.#finish(this.#parts.get(request));
  }

  #goesOn({ startedAt, endedAt }: Part, now: number): boolean {
    return now - endedAt <= GAP_MS && endedAt - startedAt < LONGEST_MS;
  }

  #finishOld(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const part of this.#parts.values()) if (now - part.endedAt > GAP_MS) this.#finish(part);
    if (this.#parts.size > 0) this.#timer = setTimeout(() => this.#finishOld(), LONGEST_MS).unref();
  }

  #finish(part: Part | undefined, outcome = PRODUCED): void {
    if (part === undefined) return;
    const { name, request, lane, thread, queueMs, startedAt, endedAt } = part;
    this.#parts.delete(request);
    const run = { name, request, lane, thread, queueMs, runMs: endedAt - startedAt, outcome };
    this.#runs.finish(keyOf(request), run, endedAt);
  }
}

/** Its operation has run under the id of the request. */
function keyOf(request: string): string {
  return `chunks ${request}`;
}
