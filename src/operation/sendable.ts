import type { Inputs } from "../app/inputs.ts";
import type { Operation } from "../app/operation.ts";
import { formatLocation, OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { branches, inputJsonSchema, type JsonSchema, propertiesOf } from "../schema/json-schema.ts";
import { declaredSchema } from "../schema/param.ts";
import { type AnySchema, isSchema } from "../schema/schema.ts";
import { type ZodDefinition, zodInternals } from "../schema/zod.ts";
import type { DependencyPlan } from "./dependency-plan.ts";

const sources = ["params", "query", "headers", "cookies", "form"] as const;
type Source = (typeof sources)[number];

/**
 * Refuses what could never be sent: an object in a query, a header, a cookie or a form field, which are text.
 *
 * @throws {OffloopError} `OFFLOOP_PARAM_INVALID`.
 */
export function checkSendable({ id, inputs, location }: Operation, { nodes }: DependencyPlan): void {
  checkInputsSendable(id, inputs, location);
  for (const { declaration, path } of nodes)
    checkInputsSendable(
      `${id}: its dependency ${path}, at ${formatLocation(declaration.location)},`,
      declaration.inputs,
      location,
    );
}

function checkInputsSendable(subject: string, inputs: Inputs, at: SourceLocation): void {
  for (const source of sources) {
    const declared = inputs[source];
    const name = declared && firstUnsendable(source, declared);
    if (name === undefined) continue;
    throw new OffloopError(
      "OFFLOOP_PARAM_INVALID",
      `Cannot add ${subject} ${source}.${name} is sent as text, which its schema does not accept`,
      {
        at,
        fix: `declare ${name} in body, or as a schema of text, numbers, booleans, dates or lists of these`,
      },
    );
  }
}

function firstUnsendable(source: Source, declared: NonNullable<Inputs[Source]>): string | undefined {
  if (!isSchema(declared)) {
    const unsendable = Object.entries(declared).find(([, schema]) => {
      const json = inputJsonSchema(schema);
      return json !== undefined && !readsText(schema) && !isSendable(source, json, json);
    });
    return unsendable?.[0];
  }
  const root = inputJsonSchema(declared) ?? {};
  const shape = zodDefinition(declared)?.shape ?? {};
  return [...propertiesOf(root)].find(([name, json]) => {
    const field = shape[name];
    return !isSendable(source, json, root) && (field === undefined || !readsText(field));
  })?.[0];
}

function isSendable(source: Source, json: JsonSchema, root: JsonSchema): boolean {
  return branches(json, root).some((branch) => {
    if (branch.type !== "array") return isText(source, branch);
    return branch.items === undefined || branches(branch.items, root).some((item) => isText(source, item));
  });
}

function isText(
  source: Source,
  { type, properties, contentMediaType, contentEncoding }: JsonSchema,
): boolean {
  if (type === "object" || type === "array" || properties !== undefined) return false;
  const isFile = contentMediaType !== undefined && contentEncoding === undefined && type === "string";
  return source === "form" || !isFile;
}

/** Whether a function of the user's precedes the schema, as with `z.preprocess`: it may parse any text. */
function readsText(schema: AnySchema): boolean {
  const definition = zodDefinition(schema);
  if (definition?.innerType !== undefined) return readsText(definition.innerType);
  return definition?.in !== undefined && zodDefinition(definition.in)?.type === "transform";
}

function zodDefinition(schema: AnySchema): ZodDefinition | undefined {
  return zodInternals(declaredSchema(schema))?.def;
}
