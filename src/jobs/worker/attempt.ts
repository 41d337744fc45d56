import { JobError } from "../../app/tasks/job-error.ts";
import type { TaskDeclaration } from "../../app/tasks/task-declaration.ts";
import { type DescribedError, describeError } from "../../errors/described-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { AttemptLanes, StartedAttempt } from "../../lanes/attempts.ts";
import { formatJobId } from "../job-id.ts";
import { type ArgumentsOf, checkResult, readArguments, unreadArguments } from "../payload.ts";
import { isPassing } from "../refusals.ts";
import type { JobTask, LossReason, Outcome, TakenJob } from "../store.ts";

/** A durable task, ready to be run. */
export interface RunnableTask {
  readonly declaration: TaskDeclaration;
  readonly job: JobTask;
  readonly args: ArgumentsOf;
}

/** How an attempt ends that is broken off. */
type BreakOff = "cancelled" | "lost" | "interrupted";

const reasons: Readonly<Record<LossReason | "interrupted", string>> = {
  cancelled: "the job was cancelled",
  lost: "the job was taken from this process, which had not said in time that it runs",
  silent: "the database of the jobs has stopped answering; the job will run again",
  interrupted: "the process shuts down; the job will run again",
};

/** One attempt of a job, in this process. */
export class Attempt {
  readonly job: TakenJob;
  readonly task: RunnableTask;
  #started: StartedAttempt | undefined;
  #broken: BreakOff | undefined;
  #over = false;
  #wasEnded = false;
  #ending: NodeJS.Timeout | undefined;
  readonly #interruption = Promise.withResolvers<Outcome>();

  constructor(job: TakenJob, task: RunnableTask) {
    this.job = job;
    this.task = task;
  }

  /** Counted from 1; attempts broken off by a shutdown or a silent database are not counted. */
  get number(): number {
    return this.job.takes + 1 - (this.job.payload?.interrupted ?? 0);
  }

  /** Whether it was broken off, although its function may continue. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Whether its outcome is known, although it may not be stored yet. */
  get isOver(): boolean {
    return this.#over;
  }

  /** What its function has added to its log lines so far. */
  get bindings(): object | undefined {
    return this.#started?.bindings;
  }

  /** Whether its function did not stop by itself, and was ended together with its thread. */
  get wasEnded(): boolean {
    return this.#wasEnded;
  }

  /** Runs it on its lane. Never rejects. */
  async run(lanes: AttemptLanes, onProgress: (value: number) => void): Promise<Outcome> {
    const outcome = await Promise.race([this.#try(lanes, onProgress), this.#interruption.promise]);
    this.#over = true;
    clearTimeout(this.#ending);
    if (this.#broken === undefined) return outcome;
    const isSettled = outcome.kind === "done" || outcome.kind === "lost";
    return this.#broken === "interrupted" && isSettled ? outcome : { kind: this.#broken };
  }

  async #try(lanes: AttemptLanes, onProgress: (value: number) => void): Promise<Outcome> {
    const { declaration, args: argumentsOf } = this.task;
    const { payload, unread } = this.job;
    if (payload === undefined) return unreadOutcome(argumentsOf, unread);
    let args: readonly unknown[];
    try {
      args = await readArguments(argumentsOf, payload.args);
    } catch (thrown) {
      return { kind: "dead", error: storable(thrown) };
    }
    if (this.#broken !== undefined) return { kind: this.#broken };
    let result: unknown;
    try {
      const job = { id: formatJobId(this.job), attempt: this.number };
      this.#started = lanes.start(declaration, { job, args, onProgress, trace: payload.trace });
      result = await this.#started.result;
    } catch (thrown) {
      this.#wasEnded = this.#broken !== undefined && declaration.lane === "thread" && isThreadExit(thrown);
      return failureOf(thrown);
    }
    try {
      return { kind: "done", result: checkResult(argumentsOf, result) };
    } catch (thrown) {
      return { kind: "dead", error: storable(thrown) };
    }
  }

  /**
   * Its job no longer belongs to this process, or may be given to another one: the signal aborts, and after a while the
   * thread is ended.
   *
   * @returns Whether it was not broken off before.
   */
  lose(why: LossReason, graceMs: number): boolean {
    if (this.#broken !== undefined || this.#over) return false;
    this.#broken = why === "silent" ? "interrupted" : why;
    this.#started?.abort(abortReason(why));
    this.#ending = setTimeout(() => void this.#started?.end(), graceMs);
    return true;
  }

  /** Breaks it off now; settles when none of it runs on a thread any more. */
  async interrupt(): Promise<void> {
    this.#broken ??= "interrupted";
    this.#started?.abort(abortReason("interrupted"));
    const isOver = (await this.#started?.end()) ?? true;
    // A thread kept by a native call may still do what another attempt would do again, so the job is left to its
    // heartbeat. An async function continues until the process ends; nobody waits for it.
    this.#interruption.resolve({ kind: isOver ? this.#broken : "lost" });
  }
}

/** What becomes of the job is up to what its function has thrown. */
function failureOf(thrown: unknown): Outcome {
  const error = storable(thrown);
  if (!(thrown instanceof JobError)) return { kind: "failed", error };
  return thrown.retry
    ? { kind: "failed", error, retryAfterMs: thrown.retryAfterMs }
    : { kind: "dead", error };
}

/** What did not arrive in time, or found no memory, may do so later; anything else is for good. */
function unreadOutcome(of: ArgumentsOf, unread: unknown): Outcome {
  const error = storable(unreadArguments(of, unread));
  return isPassing(unread) ? { kind: "failed", error } : { kind: "dead", error };
}

function isThreadExit(thrown: unknown): boolean {
  return thrown instanceof OffloopError && thrown.code === "OFFLOOP_THREAD_EXITED";
}

function abortReason(why: LossReason | "interrupted"): Error {
  return new DOMException(reasons[why], "AbortError");
}

/** How much is stored of each text of an error: some have a whole response in their message. */
const LONGEST_TEXT = 32_768;

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
function storable(thrown: unknown): DescribedError {
  return cleaned(describeError(thrown));
}

function cleaned({ cause, ...texts }: DescribedError): DescribedError {
  const fields = Object.entries(texts).map(([name, value]) => [
    name,
    typeof value === "string" ? cleanText(value) : value,
  ]);
  return { ...Object.fromEntries(fields), ...(cause === undefined ? {} : { cause: cleaned(cause) }) };
}

/** The end of a long one is kept, too: a stack has the message first, and then its frames. */
function cleanText(text: string): string {
  const half = LONGEST_TEXT / 2;
  const short =
    text.length <= LONGEST_TEXT
      ? text
      : `${text.slice(0, half)} [${text.length - LONGEST_TEXT} characters left out] ${text.slice(-half)}`;
  return short.replaceAll("\0", "").toWellFormed();
}
