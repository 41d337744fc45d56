/** A JSON Schema, draft 2020-12, typed only as far as it is used. */
export type JsonSchema = { $ref?: string; $defs?: Record<string, JsonSchema> } & Record<string, unknown>;

const singles = [
  "items",
  "additionalProperties",
  "not",
  "contains",
  "propertyNames",
  "if",
  "then",
  "else",
  "contentSchema",
  "unevaluatedItems",
  "unevaluatedProperties",
];
const lists = ["anyOf", "oneOf", "allOf", "prefixItems"];
const maps = ["properties", "patternProperties", "$defs", "dependentSchemas"];

/**
 * A copy in which every schema has been passed through `change`, outermost first. Defaults, enums and examples stay
 * unchanged.
 */
export function mapSchemas(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const deeper = (part: unknown): unknown => (isObject(part) ? mapSchemas(part, change) : part);
  const copy: JsonSchema = { ...change(schema) };
  for (const key of singles) if (key in copy) copy[key] = deeper(copy[key]);
  for (const key of lists) if (Array.isArray(copy[key])) copy[key] = copy[key].map(deeper);
  for (const key of maps) if (isObject(copy[key])) copy[key] = mapValues(copy[key], deeper);
  return copy;
}

/** The same keys with other values. */
export function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

/** Objects are merged key by key; for anything else the second value takes precedence. */
export function merged(
  first: Readonly<Record<string, unknown>>,
  second: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

/** Whether a value is an object with keys, and not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The prefix of a JSON Schema's references to its own definitions. */
export const DEFINITIONS = "#/$defs/";

/** The prefix of a document's references to its models. */
export const MODELS = "#/components/schemas/";

const PROVISIONAL = "offloop:";

/** A reference by number to a named schema whose name is not decided yet. */
export function provisionalRef(index: number): string {
  return PROVISIONAL + index;
}

/** The number of the named schema behind a provisional reference; undefined for any other reference. */
export function provisionalIndex(ref: string): number | undefined {
  return ref.startsWith(PROVISIONAL) ? Number(ref.slice(PROVISIONAL.length)) : undefined;
}

/** A copy of a schema with other references. */
export function withRefs(schema: JsonSchema, change: (ref: string) => string): JsonSchema {
  return mapSchemas(schema, (part) =>
    typeof part.$ref === "string" ? { ...part, $ref: change(part.$ref) } : part,
  );
}

/**
 * A copy of anything in which every reference has been replaced. Anything but a plain object or a list stays unchanged.
 */
export function replaceRefs(part: unknown, change: (ref: string) => string): unknown {
  if (Array.isArray(part)) return part.map((item) => replaceRefs(item, change));
  if (!isObject(part) || Object.getPrototypeOf(part) !== Object.prototype) return part;
  return mapValues(part, (value, key) =>
    key === "$ref" && typeof value === "string" ? change(value) : replaceRefs(value, change),
  );
}

/** A reference is a JSON Pointer, which escapes two characters in its own way. RFC 6901, section 3. */
export function fromPointer(ref: string): string {
  if (!ref.startsWith(DEFINITIONS)) return ref;
  return DEFINITIONS + ref.slice(DEFINITIONS.length).replaceAll("~1", "/").replaceAll("~0", "~");
}
