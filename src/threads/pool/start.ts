import { fileURLToPath } from "node:url";
import type { AppTarget } from "../../app/load.ts";
import { describeError } from "../../errors/described-error.ts";
import { OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { stackFrames } from "../../errors/stack-frames.ts";
import type { Hello } from "../crossing/messages.ts";
import type { Thread, ThreadOptions } from "./thread.ts";

interface Start {
  readonly timer: NodeJS.Timeout;
  readonly settle: (error: OffloopError | undefined) => void;
  /** Why it is being ended. */
  refused: OffloopError | undefined;
}

/** The threads that have not loaded the app yet. One that takes too long is ended: nothing else could. */
export class StartingThreads {
  readonly #starts = new Map<Thread, Start>();
  readonly #options: ThreadOptions;
  readonly #startMs: number;

  /** @param startMs - How long a thread may take. */
  constructor(options: ThreadOptions, startMs: number) {
    this.#options = options;
    this.#startMs = startMs;
  }

  get size(): number {
    return this.#starts.size;
  }

  has(thread: Thread): boolean {
    return this.#starts.has(thread);
  }

  /** Resolves when it has loaded the app, or with the error that keeps it from that. */
  add(thread: Thread): Promise<OffloopError | undefined> {
    return new Promise((settle) => {
      const why = `it has not loaded the app after ${this.#startMs} ms`;
      const timer = setTimeout(
        () => this.refuse(thread, failedStart(thread.id, why, this.#options)),
        this.#startMs,
      );
      this.#starts.set(thread, { timer, settle, refused: undefined });
    });
  }

  /** Ends it: it cannot be used. */
  refuse(thread: Thread, error: OffloopError): void {
    const start = this.#starts.get(thread);
    if (start !== undefined) start.refused = error;
    thread.end();
  }

  /** It is ready. */
  succeed(thread: Thread): void {
    this.#take(thread)?.settle(undefined);
  }

  /** It has ended. Gives why. */
  fail(thread: Thread, cause: unknown): OffloopError {
    const start = this.#take(thread);
    const why = cause === undefined ? "it ended while it loaded the app" : String(cause);
    const error = start?.refused ?? failedStart(thread.id, why, this.#options);
    start?.settle(error);
    return error;
  }

  #take(thread: Thread): Start | undefined {
    const start = this.#starts.get(thread);
    clearTimeout(start?.timer);
    this.#starts.delete(thread);
    return start;
  }
}

const FIRST_MS = 100;
const LAST_MS = 30_000;

/** The growing pause after threads that could not load the app, or ended before they did anything. */
export class StartDelay {
  readonly #onOver: () => void;
  #ms = 0;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: OffloopError | undefined;

  /** @param onOver - Called when a pause is over: without any thread nothing else would try again. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** Whether no thread should be started now. */
  get isOn(): boolean {
    return performance.now() < this.#until;
  }

  /** Why the last thread failed, while no later one has loaded the app. */
  get failure(): OffloopError | undefined {
    return this.#failure;
  }

  fail(error: OffloopError): void {
    this.#failure = error;
    this.#ms = Math.min(LAST_MS, Math.max(FIRST_MS, this.#ms * 2));
    this.#until = performance.now() + this.#ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#until = 0;
      this.#onOver();
    }, this.#ms).unref();
  }

  /** A thread has loaded the app. */
  succeed(): void {
    this.#failure = undefined;
    this.#until = 0;
  }

  /** A thread has done something: the next pause is a short one again. */
  prove(): void {
    if (this.#failure === undefined) this.#ms = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

const SHOWN = 5;

/** The error in a thread's first message, or undefined when the thread is ready. */
export function startError(
  hello: Hello,
  thread: number,
  { target }: { readonly target: AppTarget },
): OffloopError | undefined {
  if ("ready" in hello) return undefined;
  const at: SourceLocation = { file: fileURLToPath(target.url), line: 1, column: 1 };
  if ("failed" in hello) {
    const { type, message, stack } = hello.failed;
    const cause = Object.assign(new Error(message), { name: type, stack: stack ?? message });
    return failedStart(thread, message, { target }, cause);
  }
  const differences = [
    ...listed(hello.missing, `on the main thread and not in thread ${thread}`),
    ...listed(hello.extra, `in thread ${thread} and not on the main thread`),
  ];
  return new OffloopError("OFFLOOP_THREAD_APP_DIFFERS", `Cannot start threads: ${differences.join("; ")}`, {
    at,
    fix: "declare operations and tasks when the module loads, not inside an if that differs between threads",
  });
}

/** The error of a thread that could not load the app. */
function failedStart(
  thread: number,
  why: string,
  { target }: { readonly target: AppTarget },
  cause?: Error,
): OffloopError {
  return new OffloopError("OFFLOOP_THREAD_START", `Cannot start thread ${thread}: ${why}`, {
    at: { file: fileURLToPath(target.url), line: 1, column: 1 },
    fix: "make the module load in a thread: it is imported there once more, and must only declare",
    cause,
  });
}

/**
 * The error of a thread that ended while it ran no call.
 *
 * @param cause - What nobody caught there, if it was that: its first line in the user's source is where to look.
 */
export function idleExitError(
  thread: number,
  why: string,
  { target }: { readonly target: AppTarget },
  cause?: unknown,
): OffloopError {
  const [frame] = cause === undefined ? [] : stackFrames(describeError(cause));
  return new OffloopError(
    "OFFLOOP_THREAD_EXITED",
    `Cannot keep thread ${thread}: ${why}, while no call ran in it`,
    {
      at: frame ?? { file: fileURLToPath(target.url), line: 1, column: 1 },
      fix: "look for what goes on after a call: an error in a timer, a promise that nobody awaits, process.exit, a loop",
      cause,
    },
  );
}

function listed(ids: readonly string[], where: string): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > SHOWN ? ` and ${ids.length - SHOWN} more` : "";
  return [`${ids.slice(0, SHOWN).join(", ")}${more} ${ids.length === 1 ? "exists" : "exist"} ${where}`];
}
