import { HTTPError } from "../errors/http-error.ts";
import { inputJsonSchema, type JsonSchema } from "./json-schema.ts";
import type { AnySchema } from "./schema.ts";

const LONG_VALUES = 1_000;
/** How many mistakes may be recorded in one piece, if every value is an empty object without any of its fields. */
const LONG_MISTAKES = 5_000;

const known = new WeakMap<object, number>();

/** From how many values on a value is no longer checked against a schema in one piece. */
export function longFrom(schema: AnySchema): number {
  const json = inputJsonSchema(schema);
  if (json === undefined) return LONG_VALUES;
  let values = known.get(json);
  if (values === undefined) {
    values = Math.min(LONG_VALUES, Math.ceil(LONG_MISTAKES / widthOf(json)));
    known.set(json, values);
  }
  return values;
}

/** How many fields the widest object in a schema has; at least one. */
function widthOf(json: unknown): number {
  if (json === null || typeof json !== "object") return 1;
  const { properties = {} } = json as JsonSchema;
  return Object.values(json).reduce(
    (most: number, inner: unknown) => Math.max(most, widthOf(inner)),
    Math.max(1, Object.keys(properties).length),
  );
}

/**
 * How many values there are, including the value itself; above the limit, any larger number. Counts no further than
 * necessary.
 */
export function countTo(limit: number, value: unknown): number {
  if (value === null || typeof value !== "object") return 1;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let count = 1 + items.length;
  for (let index = 0; index < items.length && count <= limit; index++)
    count += countTo(limit - count, items[index]) - 1;
  return count;
}

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
