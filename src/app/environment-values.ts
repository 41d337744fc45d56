import { coercionOf } from "../schema/coerce.ts";
import { branches, type JsonSchema } from "../schema/json-schema.ts";

/** How the text of a variable is read: as one of a query, or as JSON where a list or an object is wanted. */
export function coercionOfText(json: JsonSchema, root: JsonSchema): (text: string) => unknown {
  const coerce = coercionOf(json, root);
  const takesJson = branches(json, root).some(({ type }) => type === "array" || type === "object");
  if (!takesJson) return coerce;
  return (text) => parsed(text) ?? coerce(text);
}

function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The message of a mistake, without the value it is about: a schema library may quote what it received, and the next
 * password is in a variable that nobody has declared as a secret.
 */
export function withoutValues(message: string, text: string, value: unknown): string {
  const quotes = [text, ...leavesOf(value)].some(
    (one) => one !== "" && (message.includes(one) || message.includes(JSON.stringify(one).slice(1, -1))),
  );
  return quotes ? "Invalid input" : message;
}

function leavesOf(value: unknown): string[] {
  if (value !== null && typeof value === "object") return Object.values(value).flatMap(leavesOf);
  return [String(value)];
}
