/** A JSON Schema, draft 2020-12, of which only the parts that are looked at are typed. */
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

/** A copy in which every schema went through `change`, outermost first. Defaults, enums and examples stay as they are. */
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

/** Whether a value is an object with keys, and no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
