import { branches, inputJsonSchema, type JsonSchema } from "./json-schema.ts";
import type { AnySchema } from "./schema.ts";

/** Converts what the URL or a header says into what the schema expects; leaves a value unchanged when it cannot. */
export type Coerce = (value: unknown) => unknown;

const INTEGER = /^\s*[+-]?\d+(\.0+)?\s*$/;
const NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i;
/**
 * The limit of Python and pydantic: converting more digits costs more than the number is worth. No accepted word is
 * longer either.
 */
const MAX_LENGTH = 4_300;
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...["true", "1", "on", "yes", "t", "y"].map((word) => [word, true] as const),
  ...["false", "0", "off", "no", "f", "n"].map((word) => [word, false] as const),
]);

/** Whether a parameter declared with this schema takes all its values (`?q=a&q=b`) rather than the last one. */
export function takesMany(schema: AnySchema): boolean {
  const json = inputJsonSchema(schema);
  return json !== undefined && acceptsArray(json, json);
}

/** The same, for a part of a JSON Schema. */
export function acceptsArray(json: JsonSchema, root: JsonSchema): boolean {
  return branches(json, root).some((branch) => branch.type === "array");
}

/**
 * Compiles the coercion of one parameter from its JSON Schema. The accepted spellings of numbers and booleans
 * are pydantic's in lax mode, which FastAPI uses for everything that comes from the URL.
 */
export function compileCoercion(schema: AnySchema): Coerce {
  const json = inputJsonSchema(schema);
  return json === undefined ? keep : coercionOf(json, json);
}

const keep: Coerce = (value) => value;

/** The same, for a part of a JSON Schema. */
export function coercionOf(json: JsonSchema, root: JsonSchema): Coerce {
  const candidates = branches(json, root);
  // A union that accepts a string receives the string as it was sent, as in pydantic's smart mode.
  if (candidates.some(acceptsString)) return keep;
  const coercions = candidates
    .map((branch) => branchCoercion(branch, root))
    .filter((coerce) => coerce !== keep);
  if (coercions.length <= 1) return coercions[0] ?? keep;
  return (value) => {
    for (const coerce of coercions) {
      const coerced = coerce(value);
      if (coerced !== value) return coerced;
    }
    return value;
  };
}

function acceptsString(json: JsonSchema): boolean {
  if (json.enum !== undefined) return json.enum.some((value) => typeof value === "string");
  return json.const === undefined ? json.type === "string" : typeof json.const === "string";
}

function branchCoercion(json: JsonSchema, root: JsonSchema): Coerce {
  const type = json.type ?? typeof (json.const ?? json.enum?.[0]);
  if (type === "integer" || type === "number") return numberCoercion(type, json.format);
  if (type === "boolean") return toBoolean;
  if (type === "array") return arrayCoercion(json.items === undefined ? keep : coercionOf(json.items, root));
  return keep;
}

function numberCoercion(type: "integer" | "number", format: string | undefined): Coerce {
  const pattern = type === "integer" ? INTEGER : NUMBER;
  // Going through Number would lose the last digits of a large one.
  const convert =
    format === "int64" ? (text: string) => BigInt(text.trim().replace(/^\+|\.0+$/g, "")) : Number;
  return (value) =>
    typeof value === "string" && value.length <= MAX_LENGTH && pattern.test(value) ? convert(value) : value;
}

function toBoolean(value: unknown): unknown {
  if (typeof value !== "string" || value.length > MAX_LENGTH) return value;
  return booleans.get(value) ?? booleans.get(value.toLowerCase()) ?? value;
}

function arrayCoercion(item: Coerce): Coerce {
  return (value) => (value === undefined ? undefined : (Array.isArray(value) ? value : [value]).map(item));
}

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt _](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d))?)?$/;

/**
 * Parses a date, or a date and a time, of RFC 3339, as pydantic does. Without a zone it is in UTC, whatever the
 * machine's zone. Undefined for what exists in no calendar, like 30 February or 24:00.
 */
export function parseDate(text: string): Date | undefined {
  const [all, ...parts] = DATE.exec(text) ?? [];
  if (all === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(numberOf);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (year === 0 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const [fraction = "", sign, zoneHour, zoneMinute] = parts.slice(6);
  date.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, "0")));
  if (sign === undefined) return date;
  const offset = numberOf(zoneHour) * 60 + numberOf(zoneMinute);
  if (offset >= 24 * 60 || numberOf(zoneMinute) > 59) return undefined;
  return new Date(date.getTime() - (sign === "+" ? offset : -offset) * 60_000);
}

function numberOf(digits: string | undefined): number {
  return Number(digits ?? 0);
}
