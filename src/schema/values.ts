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
