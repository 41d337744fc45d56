import type { JsonSchema } from "./json-schema.ts";
import type { Shape } from "./shape.ts";

/** A shorter word of a value is too likely to be in a message by chance, and shows too little of a secret. */
const SHORTEST_WORD = 4;
const NO_WORD = /[^\p{L}\p{N}]+/gu;

/** Whether a message has any of the parts of a value in it, or a word of one. What the schema says itself is no secret. */
export function quotes(message: string, parts: readonly string[], declared: ReadonlySet<string>): boolean {
  const words = parts.flatMap((part) => part.split(NO_WORD)).filter(({ length }) => length >= SHORTEST_WORD);
  const heard = message.toLowerCase();
  return [...parts, ...words].some((part) => {
    const one = part.trim().toLowerCase();
    if (one === "" || declared.has(one)) return false;
    return isIn(heard, one) || isIn(heard, JSON.stringify(one).slice(1, -1));
  });
}

/** A short one must stand alone: "1" is not quoted by "at least 10". */
function isIn(message: string, part: string): boolean {
  const spaced = part.replace(NO_WORD, " ").trim();
  if (part.length >= SHORTEST_WORD || spaced === "") return message.includes(part);
  return ` ${message.replace(NO_WORD, " ")} `.includes(` ${spaced} `);
}

/** A value that is no object as text; of an object or a list, all keys and values. */
export function partsOf(value: unknown): string[] {
  if (value === null || typeof value !== "object") return [String(value)];
  const keys = Array.isArray(value) ? [] : Object.keys(value);
  return [...keys, ...Object.values(value).flatMap(partsOf)];
}

/** What the schema itself says, in lower case: its keys, and the values that it lists. */
export function declaredWords(root: Shape): ReadonlySet<string> {
  const words = new Set<string>();
  const seen = new Set<unknown>();
  const collect = (value: unknown): void => {
    if (value === null || typeof value !== "object" || seen.has(value)) return;
    seen.add(value);
    const { properties, required, enum: listed, const: only } = value as JsonSchema;
    const said = [...Object.keys(properties ?? {}), ...(required ?? []), ...(listed ?? []), only];
    for (const one of said) if (one !== undefined) words.add(String(one).toLowerCase());
    for (const inner of Object.values(value)) collect(inner);
  };
  collect(root.alternatives);
  collect(root.root.$defs);
  return words;
}
