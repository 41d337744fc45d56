import { isObject, type JsonSchema, mapSchemas, mapValues } from "./json-schema.ts";

/** How a JSON Schema refers to its own definitions. */
export const DEFINITIONS = "#/$defs/";

/** How a document refers to its models. */
export const MODELS = "#/components/schemas/";

const PROVISIONAL = "offloop:";

/** A reference to a named schema whose name is not decided yet: its number. */
export function provisionalRef(index: number): string {
  return PROVISIONAL + index;
}

/** The number of a named schema that a provisional reference means; undefined for any other reference. */
export function provisionalIndex(ref: string): number | undefined {
  return ref.startsWith(PROVISIONAL) ? Number(ref.slice(PROVISIONAL.length)) : undefined;
}

/** A copy of a schema with other references. */
export function withRefs(schema: JsonSchema, change: (ref: string) => string): JsonSchema {
  return mapSchemas(schema, (part) =>
    typeof part.$ref === "string" ? { ...part, $ref: change(part.$ref) } : part,
  );
}

/** A copy of anything in which every reference is another. What is no plain object stays as it is. */
export function replaceRefs(part: unknown, change: (ref: string) => string): unknown {
  if (Array.isArray(part)) return part.map((item) => replaceRefs(item, change));
  if (!isObject(part) || Object.getPrototypeOf(part) !== Object.prototype) return part;
  return mapValues(part, (value, key) =>
    key === "$ref" && typeof value === "string" ? change(value) : replaceRefs(value, change),
  );
}

/** A reference is a JSON Pointer, which has its own way to write two characters. RFC 6901, section 3. */
export function fromPointer(ref: string): string {
  if (!ref.startsWith(DEFINITIONS)) return ref;
  return DEFINITIONS + ref.slice(DEFINITIONS.length).replaceAll("~1", "/").replaceAll("~0", "~");
}
