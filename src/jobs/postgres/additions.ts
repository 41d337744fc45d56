import type { PgBoss } from "pg-boss";
import { setImmediate } from "../../errors/timers.ts";
import { isRefusedInput } from "../refusals.ts";
import type { JobTask, NewJob } from "../store.ts";
import { settingsOf } from "./engine-setup.ts";
import { queueName } from "./queue-name.ts";

/** Maximum number of jobs that one statement stores. */
const MOST = 500;
/** Maximum number of characters of their JSON, except for a single job: more might not be stored in time. */
const MOST_CHARACTERS = 4_000_000;

interface Waiting {
  readonly job: NewJob;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Stores new jobs. Jobs of a task that are enqueued in one turn of the loop, or while earlier statements are under way,
 * go into one statement and one commit. Only for jobs that cannot conflict with another job's key or order: none may
 * have to wait for the transaction that another one waits for.
 */
export class Additions {
  readonly #boss: PgBoss;
  readonly #mostAtOnce: number;
  readonly #tasks = new Map<string, TaskAdditions>();

  /** @param mostAtOnce - Maximum number of statements under way per task. */
  constructor(boss: PgBoss, mostAtOnce: number) {
    this.#boss = boss;
    this.#mostAtOnce = mostAtOnce;
  }

  /** Resolves when the job is stored, or one with its id already was. */
  add(job: NewJob, task: JobTask): Promise<void> {
    let own = this.#tasks.get(task.name);
    if (own === undefined) {
      own = new TaskAdditions((jobs) => this.#insert(task, jobs), this.#mostAtOnce);
      this.#tasks.set(task.name, own);
    }
    return own.add(job);
  }

  async #insert(task: JobTask, jobs: readonly NewJob[]): Promise<void> {
    const settings = settingsOf(task);
    const rows = jobs.map(({ uuid: id, payload: data, runAt: startAfter, priority }) => ({
      id,
      data,
      // pg-boss admits one job per key.
      singletonKey: id,
      startAfter,
      priority,
      ...settings,
    }));
    await this.#boss.insert(queueName(task.name), rows as Parameters<PgBoss["insert"]>[1]);
  }
}

/** The additions of one task. */
class TaskAdditions {
  readonly #insert: (jobs: readonly NewJob[]) => Promise<void>;
  readonly #mostAtOnce: number;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #asked = false;

  constructor(insert: (jobs: readonly NewJob[]) => Promise<void>, mostAtOnce: number) {
    this.#insert = insert;
    this.#mostAtOnce = mostAtOnce;
  }

  add(job: NewJob): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ job, resolve, reject });
    this.#ask();
    return promise;
  }

  /** At the end of this turn of the loop, together with everything that arrives in it. */
  #ask(): void {
    if (this.#asked || this.#waiting.length === 0 || this.#underWay >= this.#mostAtOnce) return;
    this.#asked = true;
    setImmediate(() => {
      this.#asked = false;
      void this.#store(this.#waiting.splice(0, this.#together()));
    });
  }

  /** How many of those that wait go into one statement. */
  #together(): number {
    let characters = 0;
    const first = this.#waiting.slice(0, MOST).findIndex(({ job }) => {
      const isFirst = characters === 0;
      characters += JSON.stringify(job.payload).length;
      return characters > MOST_CHARACTERS && !isFirst;
    });
    return first === -1 ? MOST : first;
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    this.#underWay++;
    this.#ask();
    try {
      await this.#insert(batch.map(({ job }) => job));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length > 1 && isRefusedInput(error)) await this.#storeEach(batch);
      else for (const { reject } of batch) reject(error);
    }
    this.#underWay--;
    this.#ask();
  }

  /** One of them contains something that is refused, so nothing was stored; the others must not fail with it. */
  async #storeEach(batch: readonly Waiting[]): Promise<void> {
    for (const { job, resolve, reject } of batch) await this.#insert([job]).then(resolve, reject);
  }
}
