/**
 * Whether a database refuses what it was given (data, constraint, limit, memory), or V8 a text that is too long:
 * repeating the statement would not help.
 */
export function isRefusedInput(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return error instanceof RangeError || (typeof code === "string" && /^(22|23|54|XX)/.test(code));
}

/** Codes of the system for a server that is not there, or does not answer. */
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ENOTFOUND|EAI_AGAIN|ENOENT)$/;
/** PostgreSQL's: a connection that fails, none that is left, a server that starts or ends. And Prisma's, for the same. */
const NOT_SERVING = /^(08|53300|57P0|P1001$|P1002$|P1008$|P1017$|P2024$)/;
/** What postgres.js calls it. */
const CLOSED = /^(CONNECTION_CLOSED|CONNECT_TIMEOUT)$/;
/** What `pg` says without a code. */
const UNANSWERED = /timeout|Connection terminated|connection error|not queryable/i;

/** Whether a database could not be reached, or did not answer: later it may. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnreachable);
  if (!(error instanceof Error)) return false;
  const codes = [...codesOf(error)];
  if (codes.length > 0)
    return codes.some((code) => [AWAY, NOT_SERVING, CLOSED].some((known) => known.test(code)));
  // The message of what wraps it may hold the values of the statement.
  return error.cause instanceof Error ? isUnreachable(error.cause) : UNANSWERED.test(error.message);
}

/** PostgreSQL's class for a server that lacks memory, room or connections. */
const LACKS_RESOURCES = /^53/;

/** Whether the same statement may succeed later: the database did not answer, or lacked what others used at the time. */
export function isPassing(error: unknown): boolean {
  return isUnreachable(error) || [...codesOf(error)].some((code) => LACKS_RESOURCES.test(code));
}

/** PostgreSQL's codes in an error: some libraries wrap it, and Prisma puts the code beside its own. */
export function codesOf(error: unknown): Set<string> {
  const codes = new Set<string>();
  for (let one = error as WrappedError | undefined; one instanceof Error; one = one.cause as WrappedError) {
    for (const code of [one.code, one.meta?.code, one.meta?.driverAdapterError?.cause?.originalCode])
      if (typeof code === "string") codes.add(code);
  }
  return codes;
}

interface WrappedError extends Error {
  readonly code?: string;
  readonly meta?: {
    readonly code?: string;
    readonly driverAdapterError?: { readonly cause?: { readonly originalCode?: string } };
  };
}
