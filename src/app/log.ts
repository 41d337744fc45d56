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
export type Log = { readonly [Level in (typeof logLevels)[number]]: LogFunction };
