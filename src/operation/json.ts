import { types } from "node:util";
import { OffloopError } from "../errors/offloop-error.ts";

/** How deep and how far a value is looked at before it is taken for one that needs care. */
const MAX_DEPTH = 64;

/**
 * A value as JSON, the same on both lanes. As `JSON.stringify` does it: `undefined` fields are left out, `toJSON` is
 * asked (a `Date` gives RFC 3339 in UTC), `NaN` and infinities are `null`. Beyond it: a bigint is a number with all its
 * digits, a `Map` an object, a `Set` an array, binary data base64. `undefined` itself is `null`, as FastAPI writes None.
 *
 * @throws {OffloopError} `OFFLOOP_RESPONSE_INVALID` for a promise in it, which `JSON.stringify` writes as `{}`.
 */
export function toJson(value: unknown): string {
  return (isPlain(value, 0) ? JSON.stringify(value) : JSON.stringify(value, replace)) ?? "null";
}

/** Whether `JSON.stringify` alone does it: a replacer costs several times what this look does. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === "bigint") return false;
  if (typeof value !== "object" || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value instanceof Date;
  for (const key in value) if (!isPlain((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
}

/** `this` holds the value as it was before its `toJSON`: a Buffer has one that is not base64. */
function replace(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (typeof value === "bigint") return rawJson(String(value));
  if (ArrayBuffer.isView(original))
    return Buffer.from(original.buffer, original.byteOffset, original.byteLength).toString("base64");
  if (original instanceof ArrayBuffer || original instanceof SharedArrayBuffer)
    return Buffer.from(original).toString("base64");
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (types.isPromise(value)) throw unawaited(key);
  return value;
}

function unawaited(key: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_RESPONSE_INVALID",
    `Cannot send what was returned: its "${key}" is a promise`,
    {
      fix: "await it, or Promise.all(...) of several, before it is returned",
    },
  );
}

/** JSON text that is written as it is: V8 has it, TypeScript's library does not know it yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };
