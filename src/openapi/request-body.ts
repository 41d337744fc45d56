import type { Examples } from "../app/documentation.ts";
import { BINARY } from "../schema/json-schema.ts";
import { paramOptions } from "../schema/param.ts";
import { isSchema, type Schema } from "../schema/schema.ts";
import type { Components } from "./components.ts";
import type { Declaration, Declared } from "./declaration.ts";
import { type JsonSchema, mapValues } from "./json-schema.ts";
import { isRequired, modelFields } from "./parameters.ts";

interface MediaTypeObject {
  readonly schema: JsonSchema;
  readonly examples?: Examples;
}

/** OpenAPI's Request Body Object. */
interface RequestBodyObject {
  readonly content: Readonly<Record<string, MediaTypeObject>>;
  readonly required?: true;
}

const anyBytes: RequestBodyObject = {
  content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
  required: true,
};

/** What an operation and its dependencies read as the body: JSON, a form, or either. */
export function requestBodyOf(
  { inputs, documentation, streamsBody }: Declaration,
  operationId: string,
  components: Components,
): RequestBodyObject | undefined {
  if (streamsBody) return anyBytes;
  const bodies = inputs.map(({ body }) => body).filter((body) => body !== undefined);
  const forms = inputs.map(({ form }) => form).filter((form) => form !== undefined);
  if (bodies.length === 0 && forms.length === 0) return undefined;
  const name = `Body_${operationId}`;
  const content: Record<string, JsonSchema> = {};
  if (bodies.length > 0) content["application/json"] = bodySchema(bodies, false, name, components);
  if (forms.length > 0) {
    const schema = bodySchema(forms, true, name, components);
    content[formMediaType(schema, components)] = schema;
  }
  const examples = documentation.examples?.body;
  return {
    content: mapValues(content, (schema) => (examples === undefined ? { schema } : { schema, examples })),
    ...([...bodies, ...forms].some(needsBody) ? { required: true } : {}),
  };
}

/**
 * Everyone reads the same bytes. Readers with a schema for each key contribute to one object, which is named after the
 * operation, as in FastAPI; so is a form without a name of its own. A single schema for the whole body is used
 * unchanged.
 */
function bodySchema(
  declared: readonly Declared[],
  isForm: boolean,
  name: string,
  components: Components,
): JsonSchema {
  const wholes = [...new Set(declared.filter(isSchema))].map((schema) => {
    const used = components.use(schema, "input");
    return isForm && used.$ref === undefined ? components.name(name, used) : used;
  });
  const parts = declared.flatMap((one) => (isSchema(one) ? [] : Object.entries(one)));
  const object = parts.length === 0 ? [] : [components.name(name, partsSchema(parts, components))];
  return allOf([...wholes, ...object]);
}

function partsSchema(parts: readonly (readonly [string, Schema])[], components: Components): JsonSchema {
  const properties = new Map<string, Set<Schema>>();
  const required = new Set<string>();
  for (const [name, schema] of parts) {
    const { alias = name, hidden } = paramOptions(schema);
    if (hidden === true) continue;
    properties.set(alias, (properties.get(alias) ?? new Set()).add(schema));
    if (isRequired("body", schema)) required.add(alias);
  }
  const schemaOf = (schemas: ReadonlySet<Schema>): JsonSchema =>
    allOf([...schemas].map((schema) => keySchema(schema, components)));
  return {
    type: "object",
    properties: mapValues(Object.fromEntries(properties), schemaOf),
    ...(required.size === 0 ? {} : { required: [...required] }),
  };
}

function keySchema(schema: Schema, components: Components): JsonSchema {
  const { deprecated } = paramOptions(schema);
  const used = components.use(schema, "input");
  return deprecated === undefined ? used : { ...used, deprecated };
}

/** A schema that requires all of several schemas to fit. */
function allOf(schemas: readonly JsonSchema[]): JsonSchema {
  const [first = {}, ...others] = schemas;
  return others.length === 0 ? first : { allOf: [...schemas] };
}

function needsBody(declared: Declared): boolean {
  if (isSchema(declared)) return isRequired("body", declared);
  return Object.values(declared).some((schema) => isRequired("body", schema));
}

/** A form that contains a file is multipart. */
function formMediaType(schema: JsonSchema, components: Components): string {
  const fields = [...modelFields(schema, components).values()].map((field) => field.schema);
  const hasFile = fields.some((field) => JSON.stringify(components.lookUp(field)).includes(BINARY));
  return hasFile ? "multipart/form-data" : "application/x-www-form-urlencoded";
}
