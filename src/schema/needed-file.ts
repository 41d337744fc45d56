import { BINARY, type JsonSchema, jsonSchemaOf, referredTo } from "./json-schema.ts";
import type { AnySchema } from "./schema.ts";

/**
 * Whether a schema accepts only files, or values with a file in them. It counts as one that does even if it accepts an
 * absent value or an empty list as well; an optional field makes the difference. False where its library cannot describe it.
 */
export function needsFile(schema: AnySchema): boolean {
  // Not remembered: a schema that refers to one further down its module can be described only later.
  const json = jsonSchemaOf(schema, "input");
  return json !== undefined && needs(json, json, []);
}

/** Whether a schema accepts a file anywhere, also an optional one. False where its library cannot describe it. */
export function mayHoldFile(schema: AnySchema): boolean {
  const json = jsonSchemaOf(schema, "input");
  return json !== undefined && holdsFile(json);
}

/** JSON Schema nests in objects and lists, and refers to what is beside it: a file anywhere is one of the schema's. */
function holdsFile(json: unknown): boolean {
  if (typeof json !== "object" || json === null) return false;
  const { contentMediaType, contentEncoding } = json as JsonSchema;
  if (contentMediaType === BINARY && contentEncoding === undefined) return true;
  return Object.values(json).some(holdsFile);
}

function needs(json: JsonSchema, root: JsonSchema, above: readonly JsonSchema[]): boolean {
  if (above.includes(json)) return false;
  const inner = (part: JsonSchema): boolean => needs(part, root, [...above, json]);
  const { type, contentMediaType, $ref, items, allOf = [], properties = {}, required = [] } = json;
  if (type === "string" && contentMediaType === BINARY) return json.contentEncoding === undefined;
  const alternatives = json.anyOf ?? json.oneOf;
  if (alternatives !== undefined) return alternatives.length > 0 && alternatives.every(inner);
  const target = $ref === undefined ? undefined : referredTo($ref, root);
  const fields = required.map((name) => properties[name]);
  return [target, items, ...allOf, ...fields].some((part) => part !== undefined && inner(part));
}
