/** More of a value says no more about the mistake. */
const MAX_CHARS = 200;

/**
 * A received value, as the message of an error shows it: as JSON, and what JSON has no word for by its own name. Never
 * throws, whatever it is.
 */
export function shownValue(value: unknown): string {
  return shortened(written(value), MAX_CHARS);
}

/** Only the kind of a value, where something of another kind was expected: the value itself says nothing more. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

function written(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return String(value); // as JSON, NaN would be null
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value !== "object" || value === null || isPlain(value)) return json(value);
  return `an instance of ${value.constructor?.name || "a class"}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value, withoutJson) ?? String(value);
  } catch {
    return "an object that cannot be shown"; // it contains itself, or has a getter that throws
  }
}

function withoutJson(_key: string, value: unknown): unknown {
  const isKnown = typeof value !== "bigint" && !(typeof value === "number" && !Number.isFinite(value));
  return isKnown ? value : String(value);
}

/** A text of at most so many characters; `…` stands for the rest, which may be of any length. */
export function shortened(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars).toWellFormed()}…`;
}

/** All control characters except tab and line feed. */
const CONTROLS = /[^\P{Cc}\t\n]/gu;

/**
 * A text that is safe to show at a terminal. Any message may quote what a client has sent, whose control characters could
 * recolour or rewrite the screen: they become escapes, as in JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
