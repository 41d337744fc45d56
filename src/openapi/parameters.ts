import type { Examples } from "../app/documentation.ts";
import { declaredSchema, headerName, type ParamOptions, paramOptions } from "../schema/param.ts";
import { isSchema, refuses, type Schema, type Schemas } from "../schema/schema.ts";
import { zodInternals } from "../schema/zod.ts";
import type { Components } from "./components.ts";
import type { Declaration, Declared, DeclaredInputs } from "./declaration.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";

/** OpenAPI's Parameter Object. */
interface ParameterObject {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly required: boolean;
  readonly schema: JsonSchema;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly examples?: Examples;
}

type Place = ParameterObject["in"];

const places = [
  ["path", "params"],
  ["query", "query"],
  ["header", "headers"],
  ["cookie", "cookies"],
] as const;

/** A parameter with the name under which it was declared. */
type Named = readonly [declared: string, parameter: ParameterObject];

/**
 * The parameters of an operation and of its dependencies, each name once per place. The last one counts, but a required
 * one takes precedence over optional ones, as in FastAPI. Hidden ones are left out.
 */
export function parametersOf(declaration: Declaration, components: Components): ParameterObject[] {
  const found = new Map<string, ParameterObject>();
  for (const [place, source] of places) {
    const examples = declaration.documentation.examples?.[source];
    for (const [declared, parameter] of parametersIn(place, source, declaration, components)) {
      const key = `${place} ${place === "header" ? parameter.name.toLowerCase() : parameter.name}`;
      if (parameter.schema.hidden === true || (found.get(key)?.required === true && !parameter.required))
        continue;
      const own = examples?.[declared];
      found.set(key, own === undefined ? parameter : { ...parameter, examples: own });
    }
  }
  return [...found.values()];
}

/** Whether a client can send something that does not fit. */
export function canFail({ inputs, pathNames }: Declaration): boolean {
  return pathNames.size > 0 || inputs.some(readsAnything);
}

function readsAnything({ body, form, ...groups }: DeclaredInputs): boolean {
  return body !== undefined || form !== undefined || places.some(([, source]) => !isEmpty(groups[source]));
}

function isEmpty(schemas: Declared): boolean {
  return !isSchema(schemas) && Object.keys(schemas).length === 0;
}

function* parametersIn(
  place: Place,
  source: (typeof places)[number][1],
  { inputs, pathNames }: Declaration,
  components: Components,
): Generator<Named> {
  for (const { [source]: declared } of inputs) {
    if (isSchema(declared)) yield* modelParameters(place, declared, components);
    else yield* singleParameters(place, declared, pathNames, components);
  }
  if (place !== "path") return;
  const declared = new Set(inputs.flatMap(({ params }) => (isSchema(params) ? [] : Object.keys(params))));
  for (const [name, documentName] of pathNames)
    if (!declared.has(name)) yield [name, parameter(place, documentName, { type: "string" }, true)];
}

function* singleParameters(
  place: Place,
  schemas: Schemas,
  pathNames: ReadonlyMap<string, string>,
  components: Components,
): Generator<Named> {
  for (const [name, schema] of Object.entries(schemas)) {
    const options = paramOptions(schema);
    const { alias, deprecated, hidden } = options;
    if (hidden === true) continue;
    const used = components.use(schema, "input");
    const wireName =
      place === "path" ? (pathNames.get(name) ?? name) : (alias ?? nameIn(place, name, options));
    const json = deprecated === undefined ? used : { ...used, deprecated };
    yield [name, parameter(place, wireName, json, isRequired(place, schema))];
  }
}

/** One schema for all parameters of a place: each of its fields is a parameter. */
function* modelParameters(place: Place, model: Schema, components: Components): Generator<Named> {
  const options = paramOptions(model);
  for (const [name, { schema, required }] of modelFields(components.use(model, "input"), components))
    yield [name, parameter(place, nameIn(place, name, options), schema, place === "path" || required)];
}

function parameter(place: Place, name: string, schema: JsonSchema, required: boolean): ParameterObject {
  const { description, deprecated } = schema;
  return {
    name,
    in: place,
    required,
    schema,
    ...(typeof description === "string" ? { description } : {}),
    ...(deprecated === true ? { deprecated } : {}),
  };
}

function nameIn(place: Place, name: string, options: ParamOptions): string {
  return place === "header" ? headerName(name, options) : name;
}

/**
 * Whether a schema refuses an absent value, which it receives as undefined. zod schemas say so; any other is tried,
 * which may run the user's own checks.
 */
export function isRequired(place: Place | "body", schema: Schema): boolean {
  if (place === "path") return true;
  const zod = zodInternals(declaredSchema(schema));
  return zod === undefined ? refuses(schema, undefined) : zod.optin === undefined;
}

/** One field of a model. */
interface ModelField {
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/**
 * The fields of a model for all parameters of a place. Of alternatives, a field that is not in all of them is optional;
 * of schemas that must all fit, every field counts.
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
