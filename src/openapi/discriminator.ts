import { isObject, type JsonSchema, mapValues } from "./json-schema.ts";
import { MODELS } from "./references.ts";

/**
 * A copy of anything in which each union told apart by a property says which of its values means which model: OpenAPI's
 * Discriminator Object, which generated clients switch on. Alternatives without a name cannot be named there; such a
 * union is left without one, since the property is a constant in each of them anyway.
 *
 * @param schemas - The models, by their final names.
 */
export function withDiscriminators(part: unknown, schemas: Readonly<Record<string, JsonSchema>>): unknown {
  if (Array.isArray(part)) return part.map((item) => withDiscriminators(item, schemas));
  if (!isObject(part) || Object.getPrototypeOf(part) !== Object.prototype) return part;
  const copy = mapValues(part, (value) => withDiscriminators(value, schemas));
  const { oneOf, discriminator, ...rest } = copy;
  if (!Array.isArray(oneOf) || !isObject(discriminator) || discriminator.mapping !== undefined) return copy;
  const mapping = mappingOf(String(discriminator.propertyName), oneOf, schemas);
  return {
    oneOf,
    ...(mapping === undefined ? {} : { discriminator: { ...discriminator, mapping } }),
    ...rest,
  };
}

function mappingOf(
  property: string,
  alternatives: readonly JsonSchema[],
  schemas: Readonly<Record<string, JsonSchema>>,
): Record<string, string> | undefined {
  const mapping: Record<string, string> = {};
  for (const { $ref } of alternatives) {
    const model = typeof $ref === "string" ? schemas[$ref.replace(MODELS, "")] : undefined;
    const values = valuesOf((model?.properties as Record<string, unknown> | undefined)?.[property]);
    if (values.length === 0) return undefined;
    for (const value of values) mapping[value] = $ref as string;
  }
  return mapping;
}

/** The texts that a property may be, when these are all. */
function valuesOf(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const values = "const" in schema ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : [];
  return values.every((value) => typeof value === "string") ? values : [];
}
