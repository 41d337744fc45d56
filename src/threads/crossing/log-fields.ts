import { inspect } from "node:util";
import { findUncloneable } from "../../app/cloneable.ts";
import { thrownText } from "../../errors/described-error.ts";
import { type Crossed, packValue } from "./values.ts";

/** Packs the fields of a log line. What cannot cross becomes what the log would show of it. */
export function packFields(fields: object): Crossed {
  const shown = Object.entries(fields).map(([name, value]): [string, unknown] => [name, crossing(value)]);
  return packValue(Object.fromEntries(shown), "fields");
}

/** Turns a value that cannot cross into what the log would make of it on the main thread: JSON, or else text. */
function crossing(value: unknown): unknown {
  if (findUncloneable(value, "") === undefined) return value;
  try {
    const text = JSON.stringify(value);
    const json: unknown = text === undefined ? undefined : JSON.parse(text);
    if (findUncloneable(json, "") === undefined) return json;
  } catch {
    // It contains itself, or a getter of it throws.
  }
  return shown(value);
}

/** A value as text. Never throws. */
export function shown(value: unknown): string {
  try {
    return inspect(value);
  } catch (error) {
    return `a value that cannot be shown: ${thrownText(error)}`;
  }
}
