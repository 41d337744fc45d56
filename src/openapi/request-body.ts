import type { Examples } from "../app/documentation.ts";
import { isSchema, type Schemas } from "../schema/schema.ts";
import type { Components } from "./components.ts";
import { BINARY } from "./conversion.ts";
import type { Declaration, Declared } from "./declaration.ts";
import { isObject, type JsonSchema, mapValues } from "./json-schema.ts";
import { isRequired } from "./parameters.ts";

/** OpenAPI's Request Body Object. */
export interface RequestBodyObject {
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema; readonly examples?: Examples }>>;
  readonly required?: true;
}

/** What an operation reads as its body: JSON, or a form. */
export function requestBodyOf(
  { body, form, documentation }: Declaration,
  operationId: string,
  components: Components,
): RequestBodyObject | undefined {
  const declared = form ?? body;
  if (declared === undefined) return undefined;
  const schema = bodySchema(declared, form !== undefined, `Body_${operationId}`, components);
  const examples = documentation.examples?.body;
  const mediaType = form === undefined ? "application/json" : formMediaType(schema, components);
  return {
    content: { [mediaType]: examples === undefined ? { schema } : { schema, examples } },
    ...(needsBody(declared) ? { required: true } : {}),
  };
}

/** Bodies of several parts, and forms without a name of their own, are called after their operation, as in FastAPI. */
function bodySchema(declared: Declared, isForm: boolean, name: string, components: Components): JsonSchema {
  if (!isSchema(declared)) return components.name(name, partsSchema(declared, components));
  const used = components.use(declared, "input");
  return isForm && used.$ref === undefined ? components.name(name, used) : used;
}

function partsSchema(parts: Schemas, components: Components): JsonSchema {
  const required = Object.keys(parts).filter((name) => parts[name] && isRequired("body", parts[name]));
  return {
    type: "object",
    properties: mapValues(parts, (schema) => components.use(schema, "input")),
    ...(required.length === 0 ? {} : { required }),
  };
}

function needsBody(declared: Declared): boolean {
  if (isSchema(declared)) return isRequired("body", declared);
  return Object.values(declared).some((schema) => isRequired("body", schema));
}

/** A form with a file in it is multipart. */
function formMediaType(schema: JsonSchema, components: Components): string {
  const { properties } = components.lookUp(schema);
  const fields = Object.values(isObject(properties) ? properties : {}) as JsonSchema[];
  const hasFile = fields.some((field) => JSON.stringify(components.lookUp(field)).includes(BINARY));
  return hasFile ? "multipart/form-data" : "application/x-www-form-urlencoded";
}
