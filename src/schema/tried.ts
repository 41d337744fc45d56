import { HTTPError } from "../errors/http-error.ts";

/**
 * How many mistakes may be made of what does not fit and need not, such as the first alternative of a union where the
 * second fits: nothing stops a library from making them all, and a million hold a lane for ten seconds.
 */
const MAX_TRIED = 50_000;

/**
 * Gives the value, unless it would take too much to find out what it fits.
 *
 * @throws {HTTPError} 413.
 */
export function triedFor<Value>(mistakes: number, value: Value): Value {
  if (mistakes <= MAX_TRIED) return value;
  throw new HTTPError(413, "Content Too Large: the body is too long for the alternatives of its schema");
}

/** What libraries say of a union: zod by alternative, valibot of all together. */
interface UnionIssue {
  readonly errors?: unknown;
  readonly issues?: unknown;
}

/** How many mistakes alternatives have made; no more are counted than it takes to be too many. */
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
