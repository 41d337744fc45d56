import { isError } from "../errors/described-error.ts";
import { shownValue } from "../errors/shown-value.ts";

/** Writes one line of the log. */
export interface LogFunction {
  /** A message. */
  (message: string): void;
  /** Fields of the line, and its message; an error passed in place of the fields becomes `err`. */
  (fields: object, message?: string): void;
}

/** The levels, from the least to the most urgent, as in pino. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/**
 * The log of a request: every line carries the request's id, the operation, and on a thread the thread's number. Lines
 * of one request keep their order, and all threads write to one stream.
 */
export interface Log extends Readonly<Record<(typeof logLevels)[number], LogFunction>> {
  /**
   * Adds fields to all later lines of this request, on both lanes: what arounds, dependencies and the handler write, the
   * line of its failure, its access line, and those of its background tasks. Of those with the same name, the last counts,
   * also where the first is `reqId` or `operation`; what a line says by itself, such as its `status`, stays. In a task, adds
   * fields to the later lines of this run, and where a job runs it, to the line that says how the attempt ended.
   *
   * @param fields - Plain data, such as the id of the user. Secrets among them are left out, as in every line.
   * @throws {TypeError} When it is not an object.
   * @example
   * ```ts
   * import { App, depends } from "offloop";
   *
   * const app = new App();
   * const user = depends(async ({ request, log }) => {
   *   const id = request.headers.get("x-user") ?? "nobody";
   *   log.setBindings({ userId: id });
   *   return { id };
   * });
   * app.get("/me", { deps: { user } }, async ({ user }) => user);
   * ```
   */
  setBindings(fields: object): void;
}

/** A line's fields and message as pino takes them: an error passed in place of the fields becomes `err`. */
export function lineOf(
  first: object | string,
  message?: string,
  ...values: unknown[]
): [fields: object, message: string | undefined, ...values: unknown[]] {
  if (typeof first === "string") return [{}, first, ...(message === undefined ? [] : [message, ...values])];
  if (isError(first)) return [{ err: first }, message ?? first.message, ...values];
  return [first, message, ...values];
}

/** @throws {TypeError} Unless they are an object with names. */
export function checkBindings(fields: unknown): void {
  if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) return;
  throw new TypeError(`log.setBindings: expected an object such as { userId: 7 }, got ${shownValue(fields)}`);
}
