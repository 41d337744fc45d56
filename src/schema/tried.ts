import { HTTPError } from "../errors/http-error.ts";

/**
 * How many mistakes may be recorded for values that need not fit, such as the first alternative of a union where the
 * second fits. Nothing stops a library from recording them all, and a million keep a lane busy for ten seconds.
 */
const MAX_TRIED = 50_000;

/**
 * Returns the value, unless finding out what it fits would take too much work.
 *
 * @throws {HTTPError} 413.
 */
export function triedFor<Value>(mistakes: number, value: Value): Value {
  if (mistakes <= MAX_TRIED) return value;
  throw new HTTPError(413, "Content Too Large: the body is too long for the alternatives of its schema");
}

/** What libraries report for a union: zod by alternative, valibot for all of them together. */
interface UnionIssue {
  readonly errors?: unknown;
  readonly issues?: unknown;
}

/** How many mistakes alternatives have recorded; stops counting once they are too many. */
export function mistakesOfAlternatives(issues: readonly unknown[]): number {
  let count = 0;
  for (const issue of issues) {
    const { errors, issues: inner } = issue as UnionIssue;
    for (const list of Array.isArray(errors) ? [...errors, inner] : [inner]) {
      if (count > MAX_TRIED) return count;
      if (Array.isArray(list)) count += list.length + mistakesOfAlternatives(list);
    }
  }
  return count;
}
