import { clockMs } from "./clock.ts";
import { type CpuUse, mainThreadCpuUse } from "./cpu-use.ts";
import { ask, type Sighting } from "./sighting.ts";

/** Who runs in the main thread, as far as shared memory tells. */
export interface Onlooker {
  running(): string | undefined;
  inProgress(): string[];
}

/** A block under way: what the watchdog has seen of it so far. */
export class Block {
  readonly since: number;
  readonly cpuBefore: CpuUse | undefined = mainThreadCpuUse();
  readonly sightings: Sighting[] = [];
  /** Whether the live line has been written. */
  isAnnounced = false;
  /** When the question was asked that has no answer yet. */
  askedAt: number | undefined;
  #nextLookMs = 0;
  #onAnswer: (() => void) | undefined;

  constructor(since: number) {
    this.since = since;
  }

  /** Looks again once the block has lasted twice as long as at the last time. */
  lookWhenDue(lastedMs: number, thresholdMs: number, look: string, onlooker: Onlooker): void {
    if (this.askedAt !== undefined || lastedMs < this.#nextLookMs) return;
    this.#nextLookMs = Math.max(thresholdMs, lastedMs * 2);
    const askedAt = clockMs();
    this.askedAt = askedAt;
    const [running, inProgress] = [onlooker.running(), onlooker.inProgress()];
    ask(look, (sight) => {
      this.askedAt = undefined;
      if (sight !== undefined) this.sightings.push({ askedAt, running, inProgress, sight });
      this.#onAnswer?.();
    });
  }

  /** Calls back when no question is open, or when the answer is overdue. */
  whenAnswered(patienceMs: number, onAnswered: () => void): void {
    if (this.askedAt === undefined) {
      onAnswered();
      return;
    }
    const timer = setTimeout(() => this.#onAnswer?.(), patienceMs);
    this.#onAnswer = () => {
      this.#onAnswer = undefined;
      clearTimeout(timer);
      onAnswered();
    };
  }
}
