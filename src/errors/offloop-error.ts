import { relative } from "node:path";
import { withoutOwnFrames } from "./own-code.ts";

/** The parts of an {@link OffloopError}. */
export interface OffloopErrorParts {
  /** Where in the user's source the mistake is. */
  readonly at?: SourceLocation | undefined;
  /** Added after the location in parentheses: a second location, or a thread. */
  readonly note?: string | undefined;
  /** One action that removes the error. */
  readonly fix: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** In how many seconds it is worth trying again, at least 1. */
  readonly retryAfterS?: number | undefined;
}

/**
 * A mistake that offloop can identify: a code, what happened and with which value, where, and one action that fixes it.
 * `docs/errors.md` explains every code.
 *
 * @example
 * ```ts
 * import { App, OffloopError, serve } from "offloop";
 *
 * const app = new App();
 * try {
 *   await serve(app, { port: 80 });
 * } catch (error) {
 *   if (error instanceof OffloopError && error.code === "OFFLOOP_PORT_UNAVAILABLE") console.error(error.fix);
 * }
 * ```
 */
export class OffloopError extends Error {
  /** One of the codes in `docs/errors.md`. */
  readonly code: ErrorCode;
  /** Where in the user's source the mistake is, if known. */
  readonly at: SourceLocation | undefined;
  /** One action that removes the error. */
  readonly fix: string;
  /**
   * In how many seconds it is worth trying again: the `Retry-After` of the built-in answer. Undefined where waiting does
   * not help, or nobody knows how long.
   */
  readonly retryAfterS: number | undefined;

  /**
   * Makes an error that explains itself.
   *
   * @param code - One of the codes in `docs/errors.md`.
   * @param what - `Cannot <verb> <thing>: <fact with the received value>`, without a final period.
   * @param parts - Location, fix and cause.
   */
  constructor(code: ErrorCode, what: string, parts: OffloopErrorParts) {
    super(text(what, parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.at = parts.at;
    this.fix = parts.fix;
    this.retryAfterS = parts.retryAfterS;
    this.name = code;
    if (this.stack !== undefined)
      this.stack = withoutOwnFrames(this.stack, parts.at && absoluteLocation(parts.at));
  }
}

function text(what: string, { at, note, fix }: OffloopErrorParts): string {
  const place =
    at === undefined ? "" : `\n  at ${formatLocation(at)}${note === undefined ? "" : ` (${note})`}`;
  return `${what}${place}\n  fix ${fix}`;
}

/** Formats a location as `file:line:column`, with the file relative to the working directory if it is inside it. */
export function formatLocation({ file, line, column }: SourceLocation): string {
  return `${localPath(file)}:${line}:${column}`;
}

function absoluteLocation({ file, line, column }: SourceLocation): string {
  return `${file}:${line}:${column}`;
}

/** A location in the user's source. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A file name for display: relative to the working directory if the file is inside it. */
export function localPath(file: string): string {
  if (file.includes("://")) return file; // a source map may name its sources so
  const local = relative(process.cwd(), file);
  return local === "" || local.startsWith("..") ? file : local;
}

/**
 * Every code that an {@link OffloopError} can have, with its meaning in one sentence.
 *
 * A released code is never reused for another meaning. `docs/errors.md` lists exactly these.
 */
export const errorCodes = {
  OFFLOOP_APP_EMPTY: "The app has no operations when it is served or listed.",
  OFFLOOP_APP_NOT_FOUND: "The module does not export an App under the name you gave.",
  OFFLOOP_APP_SERVED: "Something is added to an app that is being served already.",
  OFFLOOP_AROUND_RESULT: "An around did not return a reply to its request, or called next twice or too late.",
  OFFLOOP_BODY_NOT_ALLOWED: "A GET or HEAD operation declares a body, or a dependency of it needs one.",
  OFFLOOP_BODY_STREAM: "A body declared as a stream was read twice, or by other means than request.stream().",
  OFFLOOP_BODY_TOO_LARGE: "A body is too large for an async operation to parse on the event loop.",
  OFFLOOP_CLIENT_GONE: "The client hung up before its request was done.",
  OFFLOOP_DEPENDENCY_CYCLE: "A dependency needs itself, directly or through others.",
  OFFLOOP_DEPENDENCY_INVALID: "A value in deps is not a dependency, or its name is taken.",
  OFFLOOP_DEPENDENCY_LANE: "An async operation needs a plain dependency whose value cannot leave its thread.",
  OFFLOOP_DEPENDENCY_SCOPE: "A dependency needs another that closes before it does.",
  OFFLOOP_DEPENDENCY_SHARED:
    'A generator dependency uses a value of the scope "thread", and would be open while other requests use the same value.',
  OFFLOOP_DEPENDENCY_YIELD: "A generator dependency did not yield exactly once.",
  OFFLOOP_ENQUEUE_LANE: "enqueueSync was called on the event loop, which would wait for itself.",
  OFFLOOP_ERROR_SWALLOWED: "A dependency caught the operation's error and did not throw it again.",
  OFFLOOP_FORM_AND_BODY: "An operation and its dependencies declare both a form and a body.",
  OFFLOOP_FRONTEND_FOLDER: "The folder of a front end, or its fallback page, does not exist.",
  OFFLOOP_GUARD_BLOCKING: "A function on the event loop makes a blocking call.",
  OFFLOOP_GUARD_FAILED: "The guard could not read the code of a function.",
  OFFLOOP_GUARD_PROMISE: "A plain function returns a promise, but runs on a thread since it is not async.",
  OFFLOOP_GUARD_STATE: "A function on a thread changes a variable of which every thread has its own copy.",
  OFFLOOP_HANDLER_INVALID: "A handler or task is not a function, or has parameters that it never receives.",
  OFFLOOP_HANDSHAKE_OVER:
    "A header, a cookie or the session was changed after the handshake of a WebSocket had been answered.",
  OFFLOOP_JOB_ARGUMENT: "An argument of a durable task is not JSON, or does not fit the task's args.",
  OFFLOOP_JOB_RESULT: "The result of a durable task cannot be stored as JSON.",
  OFFLOOP_JOB_UNKNOWN: "The job to follow does not exist.",
  OFFLOOP_JOBS_DATABASE: "The database of the jobs cannot be opened.",
  OFFLOOP_JOBS_DATABASE_ENDED: "The thread of the embedded jobs database has ended.",
  OFFLOOP_JOBS_FOLDER: "The folder of the embedded jobs database cannot be opened.",
  OFFLOOP_JOBS_LANE: "app.jobs was used on a thread, but works only on the event loop.",
  OFFLOOP_JOBS_ORDER: "A task's ordered option was changed while jobs of the task are stored.",
  OFFLOOP_JOBS_OWNED: "Another process has the embedded jobs database open.",
  OFFLOOP_JOBS_PACKAGE: "A durable task needs a package that is not installed.",
  OFFLOOP_JOBS_SCHEMA: "The schema of the jobs cannot be used, or not by this database role.",
  OFFLOOP_JOBS_TRANSACTION: "A job cannot be stored in the transaction you passed.",
  OFFLOOP_JOBS_UNDECLARED: "Jobs wait for tasks that the app does not declare.",
  OFFLOOP_JOBS_UNFINISHED: "Of many jobs to be changed together, only some were.",
  OFFLOOP_JOBS_UNHEARD: "The notices of the jobs' database do not arrive.",
  OFFLOOP_JOBS_UNREACHABLE: "The database of the jobs is away.",
  OFFLOOP_LANE_UNKNOWN: "offloop cannot tell whether a function was written as async.",
  OFFLOOP_LIFESPAN_FAILED:
    "A lifespan function threw before its yield, never yielded, or yielded a second time.",
  OFFLOOP_LOOP_BLOCKED: "Code in a test blocked the event loop for longer than failOnBlockMs.",
  OFFLOOP_MEMORY_LIMIT: "In the memory limit of its container, a full heap would end the whole process.",
  OFFLOOP_METHOD_FOREIGN: "A method of another framework was called.",
  OFFLOOP_MODULE_FAILED: "The app's module threw while it was loaded, or never finished loading.",
  OFFLOOP_MODULE_NOT_FOUND: "There is no file at the module path you gave.",
  OFFLOOP_NODE_OUTDATED: "The command line was started with a Node that is too old.",
  OFFLOOP_NOT_CLONEABLE: "A value cannot be copied between the event loop and a thread.",
  OFFLOOP_NOT_FOUND_HANDLER:
    "A plugin sets a not-found handler, but the app itself answers what is not found.",
  OFFLOOP_NOT_SERVING: "A task that runs on a thread was called while its app has no threads.",
  OFFLOOP_OPEN_FILES: "All files and connections that a process may have are open.",
  OFFLOOP_OPTION_INVALID: "An option has a value that it does not accept.",
  OFFLOOP_OPTION_UNKNOWN: "There is no option of this name.",
  OFFLOOP_OVERRIDE_FUNCTION:
    "A test overrides a dependency with a function that code on a thread needs but cannot find.",
  OFFLOOP_PARAM_INVALID:
    "A parameter's schema does not accept text, which is all that a URL, header, cookie or form can send.",
  OFFLOOP_PATH_INVALID: "A path or prefix is written in a way that the router cannot use.",
  OFFLOOP_PLUGIN_WEBSOCKET: "A plugin adds a WebSocket server, but the app has one.",
  OFFLOOP_PORT_UNAVAILABLE: "The server cannot listen on the address.",
  OFFLOOP_REPLY_INVALID: "A reply, an event or an error for the client was made with what cannot be sent.",
  OFFLOOP_RESPONSE_INVALID: "An operation's result does not fit its response schema, or its content-length.",
  OFFLOOP_ROUTE_DUPLICATE: "Two operations answer the same method and path.",
  OFFLOOP_ROUTER_CYCLE:
    "A router includes itself, or an app is mounted in itself, directly or through others.",
  OFFLOOP_SCHEMA_INVALID: "A value that should be a schema is not a Standard Schema.",
  OFFLOOP_SERVES_ITSELF: "The module that you serve calls serve() itself.",
  OFFLOOP_SESSION_TOO_LARGE: "A session is too large for the cookies that browsers keep.",
  OFFLOOP_SESSION_UNSET: "A session was used, but the app has no secret to sign it.",
  OFFLOOP_SETTINGS_INVALID: "Settings are missing or wrong in the environment.",
  OFFLOOP_SOCKET_LANE:
    "A plain function would receive a socket, or sends to a room: sockets live on the event loop and cannot cross to a thread.",
  OFFLOOP_TASK_DUPLICATE: "Two tasks have the same name.",
  OFFLOOP_TASK_LATE: "A task was added to background after a request's tasks had run.",
  OFFLOOP_TASK_NOT_DURABLE: "A task that is not durable was enqueued.",
  OFFLOOP_TASK_UNKNOWN: "A task was added that the served app does not declare.",
  OFFLOOP_TASK_UNNAMED: "A function added to background has no name by which a thread can find it.",
  OFFLOOP_TEST_CLIENT: "A test client was used after it was closed, or was left open.",
  OFFLOOP_THREAD_APP_DIFFERS: "A thread loaded other operations or tasks than the main thread.",
  OFFLOOP_THREAD_EXITED: "A thread ended while it ran a call.",
  OFFLOOP_THREAD_HELD: "A call without a deadline has kept a thread for a long time.",
  OFFLOOP_THREAD_START: "A thread could not load the app, or could not be started.",
  OFFLOOP_THREAD_STUCK: "A native call runs on past its deadline, and nothing can end it.",
  OFFLOOP_THREADS_BUSY: "The thread queue is full.",
  OFFLOOP_THREADS_DOWN: "No thread can load the app any more.",
  OFFLOOP_THREADS_HELD: "Every thread has been running one call for a long time.",
  OFFLOOP_TIMEOUT: "An operation or task ran for longer than its deadline.",
  OFFLOOP_TWO_COPIES: "Two copies of offloop are loaded, and one received an object that the other made.",
  OFFLOOP_UPLOAD_DISK: "An uploaded file could not be written to disk.",
  OFFLOOP_URL_UNKNOWN:
    "A URL was requested for an unknown operation, or with names that its path does not have.",
  OFFLOOP_WORKER_START: "The system did not start a process for a worker.",
} as const;

/** A code of the table above. */
export type ErrorCode = keyof typeof errorCodes;
