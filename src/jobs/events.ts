import type { Log } from "../app/log.ts";
import { jobChannel } from "../channels/channels.ts";
import { counted } from "../errors/counted.ts";
import { describeError, loggable } from "../errors/described-error.ts";
import { formatJobId } from "./job-id.ts";
import { SILENCE_SECONDS } from "./postgres/engine-setup.ts";
import type { Outcome } from "./store.ts";
import type { Attempt } from "./worker/attempt.ts";
import type { JobEvents } from "./worker/loop.ts";

/** An unreachable database is logged at this interval, not on every attempt to reach it. */
const SAME_ERROR_MS = 10_000;
/** Some messages have an id or a time in them, and never come again. */
const MOST_MESSAGES = 100;

/** Logs what happens to jobs here, and publishes it if anyone listens. */
export function loggedEvents(log: Log): JobEvents {
  return {
    onError: errorLog(log),
    onTakenAgain: ({ job, task, number }) => {
      const id = formatJobId(job);
      log.warn(
        { job: id, task: job.task, attempt: number },
        `job ${id} runs again, as attempt ${number} of ${task.job.retries + 1}: its process ended, or was cut off, before attempt ${number - 1} was over`,
      );
    },
    onDead: (job) => {
      const { task, attempt } = job;
      const id = formatJobId(job);
      log.error(
        { job: id, task, attempt },
        `job ${id} is dead after attempt ${attempt}, its last: its process ended, or was cut off, before it was over. To run it again: offloop jobs app.ts retry "${id}", or app.jobs.retry("${id}")`,
      );
    },
    onSilence: (attempts) => {
      const ids = attempts.map(({ job }) => formatJobId(job));
      log.warn(
        { jobs: ids },
        `broke off ${counted(ids.length, "job")}, since the database has not answered for ${SILENCE_SECONDS} seconds. Once it does, they run again, and the attempts do not count unless other processes were given the jobs: ${ids.join(", ")}`,
      );
    },
    onAnswer: (silentMs) => {
      log.info(`jobs: the database answers again, after ${Math.ceil(silentMs / 1_000)} s`);
    },
    onStart: (attempt) => {
      if (jobChannel.hasSubscribers) jobChannel.publish({ event: "start", ...about(attempt) });
    },
    onEnd: (attempt, outcome, runMs) => {
      if (jobChannel.hasSubscribers)
        jobChannel.publish({ event: "end", ...about(attempt), outcome: outcome.kind, runMs });
      logOutcome(log, attempt, outcome);
    },
  };
}

/** Logs errors, but not one that several calls have failed with, and seldom one that comes again and again. */
function errorLog(log: Log): JobEvents["onError"] {
  const saidAt = new Map<string, number>();
  const logged = new WeakSet<object>();
  return (error) => {
    if (error instanceof Error) {
      if (logged.has(error)) return;
      logged.add(error);
    }
    const described = describeError(error);
    const { message } = described;
    const now = performance.now();
    if (now - (saidAt.get(message) ?? Number.NEGATIVE_INFINITY) < SAME_ERROR_MS) return;
    if (saidAt.size > MOST_MESSAGES) saidAt.clear();
    saidAt.set(message, now);
    log.error({ err: loggable(described) }, `jobs: ${message}`);
  };
}

function about({ job, task, number }: Attempt): {
  readonly job: string;
  readonly task: string;
  readonly lane: "loop" | "thread";
  readonly attempt: number;
} {
  return { job: formatJobId(job), task: job.task, lane: task.declaration.lane, attempt: number };
}

const LEFT_UNDONE =
  "its function did not stop at signal.aborted, so its thread was ended: finally blocks have not run, and dependencies are not closed";

function logOutcome(log: Log, attempt: Attempt, outcome: Outcome): void {
  const { job, task, number, bindings } = attempt;
  const id = formatJobId(job);
  const about = { job: id, attempt: number, ...bindings, task: job.task };
  if (!("error" in outcome)) {
    const ended = `attempt ${number} of job ${id}: ${outcome.kind}`;
    // One that a shutdown breaks off is named in a line of its own.
    if (attempt.wasEnded && outcome.kind !== "interrupted") log.warn(about, `${ended}; ${LEFT_UNDONE}`);
    else log.debug(about, ended);
    return;
  }
  const fields = { ...about, err: loggable(outcome.error) };
  const isLast = outcome.kind === "dead" || job.takes >= job.retryLimit;
  if (isLast) log.error(fields, `job ${id} is dead after attempt ${number}: ${outcome.error.message}`);
  else
    log.warn(
      fields,
      `attempt ${number} of ${task.job.retries + 1} of job ${id} failed and will be tried again${wait(outcome)}: ${outcome.error.message}`,
    );
}

/** When, if the attempt has asked for a time. */
function wait(outcome: Outcome): string {
  if (outcome.kind !== "failed" || outcome.retryAfterMs === undefined) return "";
  return ` after ${outcome.retryAfterMs / 1_000} s, as it asked`;
}
