/**
 * Whether a database refuses what it was given (data, constraint, limit, memory), or V8 a text that is too long:
 * repeating the statement would not help.
 */
export function isRefusedInput(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return error instanceof RangeError || (typeof code === "string" && /^(22|23|54|XX)/.test(code));
}
