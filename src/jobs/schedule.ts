import { createHash } from "node:crypto";
import { Cron } from "croner";
import type { TaskSchedule } from "../app/tasks/durable.ts";
import type { TaskDeclaration } from "../app/tasks/task-declaration.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { argumentsOf, checkNoArguments } from "./payload.ts";
import { scheduleMistake } from "./schedule-mistakes.ts";
import type { JobStore } from "./store.ts";
import type { RunnableTask } from "./worker/attempt.ts";

/** The schedule on which a task runs by itself. */
export interface Schedule extends TaskSchedule {
  readonly task: string;
}

/** The schedules of those tasks that have one. */
export function schedulesOf(tasks: Iterable<RunnableTask>): Schedule[] {
  return [...tasks].flatMap(({ declaration: { name: task, schedule } }) =>
    schedule === undefined ? [] : [{ task, ...schedule }],
  );
}

/** How often to check whether the clock of the process has been set. */
const CLOCK_CHECK_MS = 10_000;
const RETRY_MS = 1_000;

/**
 * Refuses schedules that no process could keep, and tasks that need arguments: a schedule gives none.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`, `OFFLOOP_JOB_ARGUMENT`.
 */
export async function checkSchedules(tasks: Iterable<TaskDeclaration>): Promise<void> {
  for (const declaration of tasks) {
    const { name, schedule, location } = declaration;
    if (schedule === undefined) continue;
    const { expression, timezone } = schedule;
    const mistake = scheduleMistake(expression, timezone);
    if (mistake !== undefined)
      throw new OffloopError(
        "OFFLOOP_OPTION_INVALID",
        `Cannot schedule task "${name}" at "${expression}": ${mistake.why}`,
        { at: location, fix: mistake.fix },
      );
    await checkNoArguments(argumentsOf(declaration));
  }
}

/**
 * The first instant after another at which a schedule runs its task; undefined when there is none. Of a schedule that
 * names its hours and minutes, also as lists and ranges, a local time that a clock change skips counts where the gap
 * ends, and one that occurs twice counts once. One with `*` or a step there goes by the time that passes. Vixie cron
 * draws the same line.
 */
export function nextOccurrence({ expression, timezone }: Schedule, after: Date): Date | undefined {
  const options = { timezone, paused: true, fixedTimeRule: "no-wildcard" } as const;
  return new Cron(expression, options).nextRun(after) ?? undefined;
}

/** The same in every process, so that an occurrence is stored once. */
export function occurrenceId({ task, expression, timezone }: Schedule, instant: Date): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([task, expression, timezone, instant.getTime()]))
    .digest("hex");
  // Version 8 of RFC 9562: custom bits.
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/**
 * Stored with each job of a schedule, to recognise the jobs of former schedules when it has changed. Empty for a task
 * without one.
 */
export function scheduleMark(schedule: TaskSchedule | undefined): string {
  return schedule === undefined ? "" : `${schedule.expression} ${schedule.timezone}`;
}

/**
 * Stores the next occurrence of a schedule as a job for that time. Every process does this, and the first one wins. While
 * a deploy replaces processes, those with the former schedule leave it to the ones that began later.
 *
 * @param since - When this process began to keep the schedule.
 * @returns When it will be.
 */
export async function storeNext(
  store: JobStore,
  schedule: Schedule,
  after: Date,
  since = 0,
): Promise<Date | undefined> {
  const mark = scheduleMark(schedule);
  const isReplaced = await store.dropSchedules(schedule.task, { mark, since });
  const runAt = nextOccurrence(schedule, after);
  if (runAt === undefined || isReplaced) return runAt;
  await store.add({
    task: schedule.task,
    uuid: occurrenceId(schedule, runAt),
    payload: { args: [], schedule: mark, scheduledSince: since },
    runAt,
  });
  return runAt;
}

/** Keeps the next occurrence of each schedule stored, and makes sure that it is taken when its time comes. */
export class Scheduler {
  readonly #store: JobStore;
  readonly #onDue: (task: string) => void;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Pick<DateConstructor, "now">;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #since: number;
  #stopped = false;

  constructor(
    store: JobStore,
    onDue: (task: string) => void,
    onError: (error: unknown) => void,
    clock: Pick<DateConstructor, "now"> = Date,
  ) {
    this.#clock = clock;
    this.#since = clock.now();
    this.#store = store;
    this.#onDue = onDue;
    this.#onError = onError;
  }

  async start(schedules: readonly Schedule[]): Promise<void> {
    await Promise.all(schedules.map((schedule) => this.#advance(schedule)));
  }

  async #advance(schedule: Schedule): Promise<void> {
    try {
      const next = await storeNext(this.#store, schedule, new Date(this.#clock.now()), this.#since);
      if (next !== undefined) this.#wait(schedule, next.getTime());
    } catch (error) {
      if (this.#stopped) return; // the store closes while it is asked
      this.#onError(error);
      this.#wait(schedule, this.#clock.now() + RETRY_MS);
    }
  }

  #wait(schedule: Schedule, until: number): void {
    if (this.#stopped) return;
    const left = until - this.#clock.now();
    const timer = setTimeout(
      () => {
        const now = this.#clock.now();
        // The clock was set back: an earlier occurrence is the next one.
        if (until - now > left) return void this.#advance(schedule);
        if (now < until) return this.#wait(schedule, until);
        this.#onDue(schedule.task);
        void this.#advance(schedule);
      },
      Math.min(Math.max(left, 0), CLOCK_CHECK_MS),
    );
    this.#timers.set(schedule.task, timer.unref());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
