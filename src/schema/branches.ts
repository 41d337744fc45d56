import type { JsonSchema } from "./json-schema.ts";

/** The alternatives a schema stands for, references and unions resolved. */
export function branches(json: JsonSchema, root: JsonSchema): JsonSchema[] {
  if (json.$ref !== undefined) {
    const target = json.$ref === "#" ? root : root.$defs?.[json.$ref.replace("#/$defs/", "")];
    return target === undefined || target === json ? [json] : branches(target, root);
  }
  const parts = json.anyOf ?? json.oneOf ?? (json.allOf?.length === 1 ? json.allOf : undefined);
  if (parts !== undefined) return parts.flatMap((part) => branches(part, root));
  if (Array.isArray(json.type)) return json.type.map((type: string) => ({ ...json, type }));
  return [json];
}

/** The schemas of what stands at a key or index of a value, as they are written. */
export function branchesAt(json: JsonSchema, key: string | number, root: JsonSchema): JsonSchema[] {
  return branches(json, root).flatMap(({ properties, additionalProperties, items, prefixItems }) => {
    const inner =
      typeof key === "number"
        ? (prefixItems?.[key] ?? items)
        : properties !== undefined && Object.hasOwn(properties, key)
          ? properties[key]
          : additionalProperties;
    return typeof inner === "object" ? [inner] : [];
  });
}

/** The fields of an object, those of alternatives and of schemas that all have to fit included. */
export function propertiesOf(json: JsonSchema, root: JsonSchema = json): Map<string, JsonSchema> {
  const found = new Map<string, JsonSchema>();
  for (const { properties = {}, allOf = [] } of branches(json, root)) {
    const parts = allOf.flatMap((part) => [...propertiesOf(part, root)]);
    for (const [name, property] of [...parts, ...Object.entries(properties)]) {
      const known = found.get(name);
      found.set(name, known === undefined ? property : { anyOf: [known, property] });
    }
  }
  return found;
}
