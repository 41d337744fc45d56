import type { Components } from "./components.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";

/** One field of a model. */
export interface ModelField {
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/**
 * The fields of a model that stands for all parameters of a place. Of alternatives, what is not in all of them is not
 * required; of schemas that all have to fit, every field counts.
 */
export function modelFields(used: JsonSchema, components: Components): Map<string, ModelField> {
  const { properties, required, anyOf, oneOf, allOf } = components.lookUp(used);
  const names = Array.isArray(required) ? required : [];
  const own = Object.entries(isObject(properties) ? properties : {}).map(
    ([name, schema]) => [name, { schema: schema as JsonSchema, required: names.includes(name) }] as const,
  );
  const fieldsOf = (part: JsonSchema): Map<string, ModelField> => modelFields(part, components);
  const alternatives = schemasIn(anyOf ?? oneOf).map(fieldsOf);
  return new Map([
    ...schemasIn(allOf).flatMap((part) => [...fieldsOf(part)]),
    ...eitherOf(alternatives),
    ...own,
  ]);
}

function schemasIn(list: unknown): JsonSchema[] {
  return Array.isArray(list) ? list : [];
}

function eitherOf(alternatives: readonly ReadonlyMap<string, ModelField>[]): Map<string, ModelField> {
  const names = new Set(alternatives.flatMap((fields) => [...fields.keys()]));
  return new Map([...names].map((name) => [name, either(alternatives.map((fields) => fields.get(name)))]));
}

function either(fields: readonly (ModelField | undefined)[]): ModelField {
  const known = fields.filter((field) => field !== undefined);
  const schemas = new Map(known.map(({ schema }) => [JSON.stringify(schema), schema]));
  const [first = {}] = schemas.values();
  return {
    schema: schemas.size === 1 ? first : { anyOf: [...schemas.values()] },
    required: fields.every((field) => field?.required === true),
  };
}
