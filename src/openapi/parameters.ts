import type { Examples, InputExamples } from "../app/documentation.ts";
import { isSchema, type Schema } from "../schema/schema.ts";
import type { Components } from "./components.ts";
import type { Declaration, Declared } from "./declaration.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";
import { WILDCARD } from "./names.ts";

/** OpenAPI's Parameter Object. */
export interface ParameterObject {
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

/**
 * The parameters of an operation and of its dependencies, each name of a place once. One that is required wins over
 * one that is not, as in FastAPI. Hidden ones (`.meta({ hidden: true })`) are left out.
 */
export function parametersOf(declaration: Declaration, components: Components): ParameterObject[] {
  const found = new Map<string, ParameterObject>();
  for (const [place, source] of places) {
    const examples = declaration.documentation.examples?.[source];
    for (const parameter of parametersIn(place, source, declaration, components)) {
      const key = `${place} ${parameter.name}`;
      if (parameter.schema.hidden === true || (found.get(key)?.required ?? false)) continue;
      const own = examplesOf(parameter.name, place, examples);
      found.set(key, own === undefined ? parameter : { ...parameter, examples: own });
    }
  }
  return [...found.values()];
}

/** Whether a client can do something wrong: send a parameter that does not fit. */
export function takesParameters({ parameters, pathNames }: Declaration): boolean {
  const declared = parameters.some((group) => places.some(([, source]) => !isEmpty(group[source])));
  return declared || pathNames.length > 0;
}

function isEmpty(schemas: Declared): boolean {
  return !isSchema(schemas) && Object.keys(schemas).length === 0;
}

function* parametersIn(
  place: Place,
  source: (typeof places)[number][1],
  { parameters, pathNames }: Declaration,
  components: Components,
): Generator<ParameterObject> {
  for (const group of parameters) {
    const schemas = group[source];
    if (isSchema(schemas)) yield* modelParameters(place, components.use(schemas, "input"), components);
    else
      for (const [name, schema] of Object.entries(schemas))
        yield parameter(place, name, components.use(schema, "input"), isRequired(place, schema));
  }
  if (place !== "path") return;
  const declared = new Set(parameters.flatMap(({ params }) => (isSchema(params) ? [] : Object.keys(params))));
  for (const name of pathNames)
    if (!declared.has(name)) yield parameter(place, name, { type: "string" }, true);
}

/** One schema for all parameters of a place: each of its fields is one. */
function* modelParameters(
  place: Place,
  used: JsonSchema,
  components: Components,
): Generator<ParameterObject> {
  const { properties, required } = components.lookUp(used);
  const names = Array.isArray(required) ? required : [];
  for (const [name, schema] of Object.entries(isObject(properties) ? properties : {}))
    yield parameter(place, name, schema as JsonSchema, place === "path" || names.includes(name));
}

function parameter(place: Place, name: string, schema: JsonSchema, required: boolean): ParameterObject {
  const { description, deprecated } = schema;
  return {
    name: wireName(place, name),
    in: place,
    required,
    schema,
    ...(typeof description === "string" ? { description } : {}),
    ...(deprecated === true ? { deprecated } : {}),
  };
}

function wireName(place: Place, name: string): string {
  if (place === "path" && name === "*") return WILDCARD;
  return place === "header" ? name.replaceAll("_", "-").toLowerCase() : name;
}

function examplesOf(
  name: string,
  place: Place,
  examples: InputExamples["query"] | undefined,
): Examples | undefined {
  return Object.entries(examples ?? {}).find(([declared]) => wireName(place, declared) === name)?.[1];
}

/**
 * Whether a schema refuses what is absent, which reaches it as undefined. zod's says so; any other is tried, which
 * may run the user's own checks.
 */
export function isRequired(place: Place | "body", schema: Schema): boolean {
  if (place === "path") return true;
  const zod = (schema as { readonly _zod?: { readonly optin?: string } })._zod;
  if (zod !== undefined) return zod.optin === undefined;
  try {
    const result = schema["~standard"].validate(undefined);
    if (!(result instanceof Promise)) return result.issues !== undefined;
    result.catch(() => undefined);
    return true;
  } catch {
    return true;
  }
}
