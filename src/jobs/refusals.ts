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
/** PostgreSQL's: a connection that fails, none that is left, a server that starts or ends. */
const NOT_SERVING = /^(08|53300|57P0)/;
/** What `pg` says without a code. */
const UNANSWERED = /timeout|Connection terminated|connection error|not queryable/i;

/** Whether a database could not be reached, or did not answer: later it may. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnreachable);
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code !== "string") return UNANSWERED.test(error.message);
  return AWAY.test(code) || NOT_SERVING.test(code);
}
