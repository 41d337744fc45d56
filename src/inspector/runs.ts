import type { Running, RunningRow, RunRow } from "./batch.ts";
import { Ring } from "./ring.ts";

const MAX_RUNS = 20_000;
const MAX_IN_PROGRESS = 20_000;

/** What is known of a run when it is handed to its lane. */
export interface RunStart {
  readonly name: number;
  readonly request: string | undefined;
  readonly lane: "loop" | "thread";
  /** The job it is an attempt of. */
  readonly job?: string | undefined;
}

/** What is known of a run when it has ended. */
export interface RunEnd extends RunStart {
  /** 0 is the loop; undefined when it ran on none. */
  readonly thread: number | undefined;
  readonly queueMs: number;
  readonly runMs: number;
  readonly outcome: number;
}

interface InProgress extends RunStart {
  readonly slot: number;
  readonly handedAt: number;
}

interface EndedRun extends RunEnd {
  readonly slot: number;
  readonly handedAt: number;
}

/** The runs in progress and the newest ended ones, both limited by count. */
export class Runs {
  readonly #ended = new Ring<EndedRun>(MAX_RUNS);
  /** Keyed by request for operations, by number for tasks; oldest first. */
  readonly #inProgress = new Map<string | number, InProgress>();
  readonly #slots = new Slots();
  readonly #counts = { loop: 0, thread: 0 };
  /** Counts changes of what is in progress. */
  changes = 0;

  start(key: string | number, run: RunStart, now: number): void {
    this.#forget(key); // a client may give two requests the same id
    if (this.#inProgress.size >= MAX_IN_PROGRESS) this.#forget(this.#inProgress.keys().next().value ?? key);
    const slot = run.lane === "loop" ? this.#slots.take() : 0;
    this.#inProgress.set(key, { ...run, slot, handedAt: now });
    this.#counts[run.lane]++;
    this.changes++;
  }

  /** Returns when the run started. */
  finish(key: string | number, run: RunEnd, now: number): number {
    const begun = this.#forget(key);
    // A blocked loop learns late that a thread has finished, so the time recorded at the start is more reliable.
    const handedAt = begun?.handedAt ?? now - run.runMs - run.queueMs;
    this.#ended.push({ ...run, slot: begun?.slot ?? 0, handedAt });
    return handedAt + run.queueMs;
  }

  /** The number of the oldest ended run that is kept. */
  get oldest(): number {
    return this.#ended.start;
  }

  /** Up to `max` of the ended runs numbered `from` and above, oldest first, and how many are no longer kept. */
  since(from: number, max: number): { rows: RunRow[]; lost: number } {
    const first = Math.max(from, this.oldest);
    return { rows: this.#ended.slice(first, first + max).map(rowOf), lost: first - from };
  }

  /** What is in progress, with the oldest `max` runs. */
  running(max: number): Running {
    const rows: RunningRow[] = [];
    for (const { name, request, slot, handedAt } of this.#inProgress.values()) {
      if (rows.length >= max) break;
      rows.push([name, request ?? null, slot, rounded(handedAt)]);
    }
    return { ...this.#counts, rows };
  }

  #forget(key: string | number): InProgress | undefined {
    const run = this.#inProgress.get(key);
    if (run === undefined) return undefined;
    this.#inProgress.delete(key);
    if (run.lane === "loop") this.#slots.giveBack(run.slot);
    this.#counts[run.lane]--;
    this.changes++;
    return run;
  }
}

function rowOf(run: EndedRun): RunRow {
  const { name, request, thread, slot, handedAt, queueMs, runMs, outcome, job } = run;
  const times = [rounded(handedAt), rounded(queueMs), rounded(runMs)] as const;
  const row = [name, request ?? null, thread ?? null, slot, ...times, outcome] as const;
  return job === undefined ? row : [...row, job];
}

/** To microseconds: more digits would only make the batch longer. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Numbers for simultaneous runs: each gets the lowest free one. */
export class Slots {
  readonly #taken: boolean[] = [];
  #lowest = 0;

  take(): number {
    let slot = this.#lowest;
    while (this.#taken[slot] === true) slot++;
    this.#taken[slot] = true;
    this.#lowest = slot + 1;
    return slot;
  }

  giveBack(slot: number): void {
    this.#taken[slot] = false;
    if (slot < this.#lowest) this.#lowest = slot;
  }
}
