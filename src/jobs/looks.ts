import { nextTurn } from "../errors/timers.ts";
import { formatJobId } from "./job-id.ts";
import type { JobRecord, JobRef, JobStore } from "./store.ts";

/** Maximum number of jobs that one statement reads: their arguments may be large. */
const MOST = 100;

/** A job as it was when it was read. */
export interface Look {
  readonly record: JobRecord;
  /** All of it, to be compared with another look. */
  readonly text: string;
}

interface Wanted extends PromiseWithResolvers<Look | undefined> {
  readonly job: JobRef;
}

/**
 * Reads the jobs that are followed. Thousands of clients may follow, often the same few jobs, and all hear of a change
 * at once. So one statement at a time reads everything that is wanted, which leaves the other connections to what stores
 * and takes jobs.
 */
export class Looks {
  readonly #store: Pick<JobStore, "findAll">;
  readonly #wanted = new Map<string, Wanted>();
  #looking = false;

  constructor(store: Pick<JobStore, "findAll">) {
    this.#store = store;
  }

  /** @returns The job as it is now, or later; undefined when it does not exist. Shared with others, so copy it. */
  look(job: JobRef): Promise<Look | undefined> {
    const id = formatJobId(job);
    const wanted = this.#wanted.get(id) ?? { job, ...Promise.withResolvers<Look | undefined>() };
    this.#wanted.set(id, wanted);
    if (!this.#looking) void this.#lookAtAll();
    return wanted.promise;
  }

  async #lookAtAll(): Promise<void> {
    this.#looking = true;
    // Together with all that is wanted in this turn of the loop.
    await nextTurn();
    while (this.#wanted.size > 0) {
      const batch = [...this.#wanted].slice(0, MOST);
      // A look that is wanted from now on may be about a later change.
      for (const [id] of batch) this.#wanted.delete(id);
      await this.#lookAt(batch.map(([, wanted]) => wanted));
    }
    this.#looking = false;
  }

  async #lookAt(batch: readonly Wanted[]): Promise<void> {
    try {
      const records = await this.#store.findAll(batch.map(({ job }) => job));
      for (const [index, { resolve }] of batch.entries()) {
        const record = records[index];
        resolve(record && { record, text: JSON.stringify(record) });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
