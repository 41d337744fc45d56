import { setTimeout as sleep } from "node:timers/promises";
import { enqueue, type Fleet, type Inspected, inspect, type Started } from "./fleet.ts";

/** A job that has not ended by then is stuck. */
const PATIENCE_MS = 240_000;
const SHORTEST_MS = 200;
const LONGEST_MS = 2_000;
/** The pause before asking again: a killed server comes back. */
const UNANSWERED_MS = 50;

/** What happened to the jobs of a run. */
export interface JobsTally {
  /** Jobs whose enqueue was answered. */
  readonly stored: number;
  /** Stored, but never run to the end. */
  readonly lost: number;
  /** Neither done nor dead minutes after the last fault. */
  readonly stuck: number;
  readonly dead: number;
  /** Run to the end more than once: something happened between the effect and its acknowledgement. */
  readonly ranTwice: number;
  /** Those among them without an attempt that was lost with its process or its connection: there is no excuse. */
  readonly ranTwiceForNothing: number;
  /** Attempts that counted although nothing was wrong with the job. */
  readonly burnt: number;
  /** Attempts that a shutdown broke off; they do not count. */
  readonly interrupted: number;
}

/** Enqueues numbered jobs, and knows afterwards what happened to each. */
export class Ledger {
  readonly #ids = new Map<number, string>();
  #next = 0;

  /**
   * Stores this many more, one after another. A job for which nobody answers is not promised: the next one is enqueued.
   */
  async enqueue(server: () => Started, count: number, pauseMs: number = 0): Promise<void> {
    for (let left = count; left > 0; ) {
      const index = this.#next++;
      const ms = Math.round(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
      const id = await enqueue(server(), index, ms);
      if (id === undefined) await sleep(UNANSWERED_MS);
      else {
        this.#ids.set(index, id);
        left--;
      }
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }

  /** Waits for the end of all, and counts. */
  async tally(fleet: Fleet, server: Started): Promise<JobsTally> {
    const all = await this.#inspectAll(server);
    const effects = fleet.effects();
    const states = [...all.values()].map(({ job }) => job?.state);
    const outcomes = [...all.values()].flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome));
    const ranTwice = [...all].filter(([index]) => (effects.get(index) ?? 0) > 1);
    return {
      stored: all.size,
      lost: [...all.keys()].filter((index) => !effects.has(index)).length,
      stuck: states.filter((state) => state !== "done" && state !== "dead").length,
      dead: states.filter((state) => state === "dead").length,
      ranTwice: ranTwice.length,
      ranTwiceForNothing: ranTwice.filter(
        ([, { attempts }]) => !attempts.some(({ outcome }) => outcome !== "done"),
      ).length,
      burnt: outcomes.filter((outcome) => outcome !== "done" && outcome !== "interrupted").length,
      interrupted: outcomes.filter((outcome) => outcome === "interrupted").length,
    };
  }

  /** How many jobs a process ended after an instant. */
  async doneBy(server: Started, pid: number, after: Date): Promise<number> {
    const all = await Promise.all([...this.#ids.values()].map((id) => inspect(server, id)));
    const attempts = all.flatMap((one) => one.attempts);
    return attempts.filter(
      ({ process, outcome, startedAt }) =>
        process.endsWith(`:${pid}`) && outcome === "done" && new Date(startedAt) > after,
    ).length;
  }

  async #inspectAll(server: Started): Promise<ReadonlyMap<number, Inspected>> {
    const until = performance.now() + PATIENCE_MS;
    const ended = new Map<number, Inspected>();
    for (;;) {
      for (const [index, id] of this.#ids) {
        const before = ended.get(index)?.job?.state;
        if (before !== "done" && before !== "dead") ended.set(index, await inspect(server, id));
      }
      const isOver = [...ended.values()].every(({ job }) => job?.state === "done" || job?.state === "dead");
      if (isOver || performance.now() > until) return ended;
      await sleep(500);
    }
  }
}
