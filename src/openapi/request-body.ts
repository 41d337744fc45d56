import type { Examples } from "../app/documentation.ts";
import type { Schema } from "../schema/schema.ts";
import type { Components } from "./components.ts";
import type { Declaration } from "./declaration.ts";
import type { JsonSchema } from "./json-schema.ts";
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
  const examples = documentation.examples?.body;
  const shown = examples === undefined ? {} : { examples };
  if (form !== undefined) {
    const schema = formSchema(form.schema, operationId, components);
    return { content: { [form.mediaType]: { schema, ...shown } }, ...requiredMark(form.schema) };
  }
  if (body === undefined) return undefined;
  const schema = components.use(body, "input");
  return { content: { "application/json": { schema, ...shown } }, ...requiredMark(body) };
}

/** A form without a name of its own is called after its operation, as in FastAPI. */
function formSchema(schema: Schema, operationId: string, components: Components): JsonSchema {
  const used = components.use(schema, "input");
  return used.$ref === undefined ? components.name(`Body_${operationId}`, used) : used;
}

function requiredMark(schema: Schema): { required?: true } {
  return isRequired("body", schema) ? { required: true } : {};
}
