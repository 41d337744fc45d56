import { fileURLToPath } from "node:url";
import type { AppTarget } from "../../app/load/load.ts";
import type { LoadMistake } from "../../app/load/user-modules.ts";
import type { RefusalReason, RunRecord } from "../../channels/channels.ts";
import { counted } from "../../errors/counted.ts";
import { type DescribedError, describeError, thrownText } from "../../errors/described-error.ts";
import { type ErrorCode, localPath, OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { stackFrames } from "../../errors/stack-frames.ts";
import type { Hello } from "../crossing/messages.ts";
import type { NewCall } from "./call.ts";
import type { AppFiles } from "./changed-files.ts";

/** What an error says about the work it concerns. */
export interface DeclaredWork {
  /** `GET /report`, `task resize`. */
  readonly id: string;
  readonly location: SourceLocation;
}

/** How a thread may end without an error. */
const ends = {
  exited: { why: "it exited", fix: "look for process.exit in that function" },
  closed: { why: "the server closed", fix: "let it end within shutdownGraceMs, or raise that" },
  unwanted: { why: "it was to end", fix: "nothing to do: whoever called it wanted it ended" },
  shared: {
    why: "another call there had to be ended",
    fix: "look in the log for the call that timed out, or that nobody waited for, and make it end earlier",
  },
  gone: { why: "it is gone", fix: "look in the log for why that thread has ended" },
} as const;

/**
 * The thread ended while it ran the call.
 *
 * @param cause - The error that ended it, if there was one.
 */
export function exitedError(
  { id, location }: DeclaredWork,
  end: keyof typeof ends,
  cause?: unknown,
): OffloopError {
  const { why, fix } = cause === undefined ? ends[end] : byError(cause);
  return new OffloopError("OFFLOOP_THREAD_EXITED", `Cannot finish ${id}: its thread ended: ${why}`, {
    at: location,
    fix,
    cause,
  });
}

/** What a thread has thrown as it closed what an answer had left open, or why it could not: it has ended first. */
export function unclosedError(operation: string, error: unknown): unknown {
  if (!(error instanceof OffloopError) || error.code !== "OFFLOOP_THREAD_EXITED") return error;
  return new OffloopError(
    "OFFLOOP_THREAD_EXITED",
    `Cannot close what ${operation} has left open: its thread has ended, though the request was answered`,
    {
      at: error.at,
      fix: 'give the scope "function" to what must close, and look in the log for the call that ended the thread',
      cause: error,
    },
  );
}

function byError(cause: unknown): { readonly why: string; readonly fix: string } {
  const fix =
    "look at the stack of the error: this function, too little memory, or a timer from an earlier call";
  return { why: thrownText(cause), fix };
}

/** The call ran for too long. On a thread it was ended; on the loop nothing can end it. */
export function timeoutError(
  { id, location }: DeclaredWork,
  timeoutMs: number,
  elapsedMs: number,
  lane: "loop" | "thread",
): OffloopError {
  const what =
    lane === "thread" ? "it was ended and its thread replaced" : "it may still be running on the loop";
  return new OffloopError(
    "OFFLOOP_TIMEOUT",
    `Cannot finish ${id}: ${Math.ceil(elapsedMs)} ms passed, its timeoutMs is ${timeoutMs}; ${what}`,
    {
      at: location,
      fix:
        lane === "thread"
          ? "make it faster, or raise its timeoutMs"
          : "stop at signal.aborted, make it faster, or raise its timeoutMs",
    },
  );
}

/** Too many calls are waiting. */
export function busyError(
  { id, location }: DeclaredWork,
  what: { readonly busy: number; readonly max: number; readonly waiting: number; readonly option: string },
  retryAfterS: number,
): OffloopError {
  const { busy, max, waiting, option } = what;
  return new OffloopError(
    "OFFLOOP_THREADS_BUSY",
    `Cannot start ${id}: ${busy} of ${counted(max, "thread")} ${busy === 1 ? "is" : "are"} busy and ${counted(waiting, "call")} ${waiting === 1 ? "waits" : "wait"}, as many as ${option} allows`,
    {
      at: location,
      fix: `raise threads.max or ${option}, or make the slow functions faster`,
      retryAfterS,
    },
  );
}

/** Nobody waited any more before the call started. */
export function goneError(work: DeclaredWork, { waiter }: Pick<NewCall, "waiter">): OffloopError {
  if (waiter?.endedBy === "shutdown") return exitedError(work, "closed");
  const { id, location } = work;
  const why =
    waiter?.endedBy === "client"
      ? "its client has hung up"
      : "the job or the code that awaits it was cancelled, or ran past its deadline";
  return new OffloopError("OFFLOOP_CLIENT_GONE", `Cannot start ${id}: ${why}`, {
    at: location,
    fix: "nothing to do: the work had not started",
  });
}

/** The rest of its reply was produced for a client that had hung up, and did not end. */
export function abandonedError({ id, location }: DeclaredWork): OffloopError {
  return new OffloopError(
    "OFFLOOP_CLIENT_GONE",
    `Cannot finish ${id}: its client has hung up and its generator did not stop; its thread was ended`,
    { at: location, fix: "stop at signal.aborted: then your finally runs, and the thread is kept" },
  );
}

/** A call without a deadline keeps its thread. */
export function heldError({ id, location }: DeclaredWork, thread: number, ms: number): OffloopError {
  return new OffloopError(
    "OFFLOOP_THREAD_HELD",
    `Cannot use thread ${thread} for anything else: ${id} has run there for ${Math.floor(ms)} ms, and has no deadline`,
    { at: location, fix: "give it a timeoutMs: after that, the function is ended and its thread replaced" },
  );
}

/** A thread was ended, but a native call keeps it alive, or a debugger that has paused it. */
export function stuckError({ id, location }: DeclaredWork, thread: number): OffloopError {
  const mayBePause =
    process.features.inspector && process.getBuiltinModule("node:inspector").url() !== undefined;
  const [where, end, fix] = mayBePause
    ? ["inside a native call or at a breakpoint", "that is over", "let the debugger go on, or "]
    : ["inside a native call", "that returns", ""];
  return new OffloopError(
    "OFFLOOP_THREAD_STUCK",
    `Cannot end thread ${thread}: ${id} is ${where} there, and the thread keeps its place in the pool until ${end}`,
    {
      at: location,
      fix: `${fix}give the native call a deadline of its own, like the timeout option of execFileSync`,
    },
  );
}

/** Every thread is kept by such a call. */
export function allHeldError(threads: number, ids: readonly string[]): OffloopError {
  const held =
    threads === 1
      ? "the only thread is held by a call that does not end"
      : `all ${threads} threads are held by calls that do not end`;
  const [them, their] = ids.length === 1 ? ["it", "its"] : ["them", "their"];
  return new OffloopError("OFFLOOP_THREADS_HELD", `Cannot run plain functions: ${held}: ${ids.join(", ")}`, {
    fix: `give ${them} a timeoutMs, and ${their} native calls a deadline of their own, or raise threads.max`,
  });
}

/**
 * Something sent cannot cross: a task's arguments, or what a dependency needs.
 *
 * @param found - The part that cannot: `args[0].onDone (a function)`.
 */
export function cloneError({ id, location }: DeclaredWork, found: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_NOT_CLONEABLE",
    `Cannot run ${id} on a thread: ${found} cannot cross between threads`,
    {
      at: location,
      fix: "pass plain data: objects and lists without functions and without instances of classes",
    },
  );
}

/** No thread can be started. */
export function noThreadsError({ id, location }: DeclaredWork, cause: unknown): OffloopError {
  return new OffloopError("OFFLOOP_THREADS_DOWN", `Cannot start ${id}: no thread can load the app any more`, {
    at: location,
    fix: "see the OFFLOOP_THREAD_START before this in the log",
    cause,
  });
}

/** Records why a call was run on no thread. */
export function recordRefusal(record: RunRecord | undefined, { code }: OffloopError): void {
  if (record !== undefined && record.thread === undefined) record.refused = reasons[code];
}

const reasons: Partial<Record<ErrorCode, RefusalReason>> = {
  OFFLOOP_THREADS_BUSY: "queue_full",
  OFFLOOP_THREADS_DOWN: "threads_down",
  OFFLOOP_CLIENT_GONE: "client_gone",
  OFFLOOP_THREAD_EXITED: "closing",
};

const SHOWN = 5;

/** The error in a thread's first message, or undefined when the thread is ready. */
export function startError(hello: Hello, thread: number, app: FailedApp): OffloopError | undefined {
  if ("ready" in hello) return undefined;
  if ("failed" in hello) {
    const { type, message, stack } = hello.failed;
    const cause = Object.assign(new Error(message), { name: type, stack: stack ?? message });
    // The rest of the message is shown with the cause.
    const mistake = forThread(hello.mistake, hello.failed) ?? whereFound(hello.failed, app);
    return failedStart(thread, message.split("\n")[0] as string, app, { cause, mistake });
  }
  const differences = [
    ...listed(hello.missing, `on the main thread and not in thread ${thread}`),
    ...listed(hello.extra, `in thread ${thread} and not on the main thread`),
  ];
  return new OffloopError("OFFLOOP_THREAD_APP_DIFFERS", `Cannot start threads: ${differences.join("; ")}`, {
    ...changedOr(app, {
      at: { file: fileURLToPath(app.target.url), line: 1, column: 1 },
      fix: "declare operations and tasks when the module loads, not inside an if that differs between threads",
    }),
  });
}

/** What is known of a failed start beyond the message. */
interface FailedStart {
  readonly cause?: Error;
  /** What Node could not load, if it was that. */
  readonly mistake?: LoadMistake | undefined;
}

/** The error of a thread that could not load the app. */
export function failedStart(
  thread: number,
  why: string,
  app: FailedApp,
  { cause, mistake }: FailedStart = {},
): OffloopError {
  return new OffloopError("OFFLOOP_THREAD_START", `Cannot start thread ${thread}: ${why}`, {
    ...changedOr(app, {
      at: mistake?.at ?? placeOf(cause) ?? { file: fileURLToPath(app.target.url), line: 1, column: 1 },
      fix: mistake?.fix ?? "let the module only declare: each thread imports it once more",
    }),
    cause,
  });
}

/** Vitest compiles for the main thread alone, so what Node cannot load fails only in threads. */
function forThread(mistake: LoadMistake | undefined, { code }: DescribedError): LoadMistake | undefined {
  const isOurs = code?.startsWith("OFFLOOP_") === true; // Node has loaded what threw it
  if (mistake === undefined || isOurs || process.env.VITEST === undefined) return mistake;
  const asVitest =
    'or let threads compile as vitest does, with execArgv: ["--import", "tsx"] and pool: "forks"';
  return { ...mistake, fix: `${mistake.fix}; ${asVitest}` };
}

/** A thread looks for the app where it was made, unless the module is named: that may be a function of another file. */
function whereFound({ code }: DescribedError, { target }: FailedApp): LoadMistake | undefined {
  if (code !== "OFFLOOP_APP_NOT_FOUND") return undefined;
  const at = { file: fileURLToPath(target.url), line: 1, column: 1 };
  return {
    at,
    fix: `export the app from ${localPath(at.file)}, or name the module that exports it: testClient(new URL("./app.ts", import.meta.url)), or serve(app, { module: import.meta.url })`,
  };
}

/** What an error says about an app that a thread could not load, or not as the main thread has it. */
export interface FailedApp {
  readonly target: AppTarget;
  readonly files: AppFiles;
}

/** Where to look and what to do: at a file that is another one by now, unless none is. */
function changedOr(
  { files }: FailedApp,
  otherwise: { readonly at: SourceLocation; readonly fix: string },
): typeof otherwise {
  const file = files.findChanged();
  if (file === undefined) return otherwise;
  return {
    at: { file, line: 1, column: 1 },
    fix: `restart the server: ${localPath(file)} has changed since it started, and threads load it as it is now`,
  };
}

/**
 * The error of a thread that ended while it ran no call.
 *
 * @param thread - With the id of the last call that ended in it, which may have left running what ended it.
 * @param cause - The uncaught error that ended it, if there was one: its first line in the user's source is the place
 * to look.
 */
export function idleExitError(
  { id, last }: { readonly id: number; readonly last: string | undefined },
  why: string,
  { target }: { readonly target: AppTarget },
  cause?: unknown,
): OffloopError {
  const before = last === undefined ? "" : `; the last call was of ${last}`;
  return new OffloopError(
    "OFFLOOP_THREAD_EXITED",
    `Cannot keep thread ${id}: ${why}, while no call ran in it${before}`,
    {
      at: placeOf(cause) ?? { file: fileURLToPath(target.url), line: 1, column: 1 },
      fix: "look for code that runs on after a call: an error in a timer, a promise that nobody awaits, process.exit, a loop",
      cause,
    },
  );
}

/** The first line of the user's source in an error's stack. */
function placeOf(cause: unknown): SourceLocation | undefined {
  return cause === undefined ? undefined : stackFrames(describeError(cause))[0];
}

function listed(ids: readonly string[], where: string): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > SHOWN ? ` and ${ids.length - SHOWN} more` : "";
  return [`${ids.slice(0, SHOWN).join(", ")}${more} ${ids.length === 1 ? "exists" : "exist"} ${where}`];
}
