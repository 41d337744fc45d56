/**
 * A copy of a value that is JSON and nothing else: what a JSON Schema says by way of a default or an example is written
 * as it would be sent. A set becomes a list, a map an object, a bigint a number. What JSON cannot express is left out:
 * `NaN`, an invalid `Date`, an integer whose last digits would be lost.
 *
 * @returns Undefined for a value that is left out as a whole.
 * @throws {TypeError} When the value contains itself.
 */
export function jsonValue(value: unknown): unknown {
  const text = JSON.stringify(value, expressible);
  return text === undefined ? undefined : JSON.parse(text);
}

/** `this` has the value before its `toJSON`: that of an invalid `Date` returns null. */
function expressible(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Date && value === null ? undefined : value;
}
