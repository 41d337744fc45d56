import { Gauge, type Registry } from "prom-client";
import type { Jobs, TaskJobs } from "../app/tasks/jobs.ts";

/**
 * The number of jobs in each state, across all processes: the database is queried when the metrics are read. While it
 * does not answer there are no numbers, since those of before would look like those of now.
 */
export function createJobMetrics(registry: Registry, jobs: Pick<Jobs, "counts">): void {
  const counts = new JobCounts(jobs);
  // Every process reports the same values: they must not be added up.
  const shared = { registers: [registry], aggregator: "first" as const };
  new Gauge({
    ...shared,
    name: "offloop_jobs",
    help: "Jobs by task and state, over all processes",
    labelNames: ["task", "state"],
    async collect() {
      const all = await counts.read();
      this.reset();
      for (const { task, waiting, running, failed, dead } of all ?? [])
        for (const [state, count] of Object.entries({ waiting, running, failed, dead }))
          this.set({ task, state }, count);
    },
  });
  new Gauge({
    ...shared,
    name: "offloop_jobs_oldest_wait_seconds",
    help: "For how long the oldest job that may run has waited",
    labelNames: ["task"],
    async collect() {
      const all = await counts.read();
      this.reset();
      for (const { task, oldestWaitMs } of all ?? []) this.set({ task }, oldestWaitMs / 1000);
    },
  });
  new Gauge({
    name: "offloop_jobs_database_up",
    help: "Whether the database of the jobs answered: 1 or 0; over workers, 0 if it did not answer one of them",
    aggregator: "min",
    registers: [registry],
    async collect() {
      this.set((await counts.read()) === undefined ? 0 : 1);
    },
  });
}

/** Less than a primary waits for a worker: a database that hangs must take no other metric down. */
const ANSWER_MS = 800;

/** The jobs, counted by one query for all gauges that are read at the same time. */
class JobCounts {
  readonly #jobs: Pick<Jobs, "counts">;
  /** The query under way. While one hangs, no other is made. */
  #asked: Promise<TaskJobs[] | undefined> | undefined;

  constructor(jobs: Pick<Jobs, "counts">) {
    this.#jobs = jobs;
  }

  /** Undefined when the database does not answer, or not in time. */
  async read(): Promise<TaskJobs[] | undefined> {
    this.#asked ??= this.#ask();
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
    try {
      return await Promise.race([this.#asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(): Promise<TaskJobs[] | undefined> {
    try {
      return await this.#jobs.counts();
    } catch {
      return undefined;
    } finally {
      this.#asked = undefined;
    }
  }
}
