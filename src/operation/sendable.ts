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
 * Refuses what could never be sent: an object in a query, a header, a cookie or a form field, which are text; and a body
 * that a dependency needs where there is none, or another one.
 *
 * @throws {OffloopError} `OFFLOOP_PARAM_INVALID`, `OFFLOOP_BODY_NOT_ALLOWED`, `OFFLOOP_FORM_AND_BODY`.
 */
export function checkSendable(operation: Operation, { nodes }: DependencyPlan): void {
  const { id, inputs, location } = operation;
  checkInputsSendable(`${id}:`, inputs, location);
  for (const { declaration, path } of nodes)
    checkInputsSendable(
      `${id}: its dependency ${path}, at ${formatLocation(declaration.location)},`,
      declaration.inputs,
      location,
    );
  if (!operation.isMessage) checkBodies(operation, nodes);
}

/** Who needs a body. */
interface Reader {
  readonly called: string;
  readonly inputs: Inputs;
  /** Where a dependency is declared. */
  readonly note?: string;
}

/** What an operation itself declares was checked there. What may be absent is fine anywhere. */
function checkBodies({ id, method, inputs, location: at }: Operation, nodes: DependencyPlan["nodes"]): void {
  const needed = nodes.filter(({ fixed }) => fixed === undefined);
  const readers: readonly Reader[] = [
    { called: "it", inputs },
    ...needed.map(({ declaration, path }) => ({
      called: `its dependency ${path}`,
      inputs: declaration.inputs,
      note: `the dependency: ${formatLocation(declaration.location)}`,
    })),
  ];
  const json = readers.find((reader) => isNeeded(reader.inputs.body, [undefined]));
  const form = readers.find((reader) => isNeeded(reader.inputs.form, [undefined, {}]));
  const reader = json ?? form;
  if (reader !== undefined && (method === "GET" || method === "HEAD")) {
    throw new OffloopError(
      "OFFLOOP_BODY_NOT_ALLOWED",
      `Cannot add ${id}: ${reader.called} needs a body, and a ${method} request has none`,
      { at, note: reader.note, fix: "use POST, PUT or PATCH, or make the body of the dependency optional" },
    );
  }
  if (json === undefined || form === undefined) return;
  throw new OffloopError(
    "OFFLOOP_FORM_AND_BODY",
    `Cannot add ${id}: ${form.called} needs a form, and ${json.called} needs a JSON body`,
    {
      at,
      note: json.note ?? form.note,
      fix: "declare the same kind in both: a request is JSON or a form, not both",
    },
  );
}

/** Whether a declared body must be there. A schema that answers later is asked only with requests. */
function isNeeded(model: Inputs["body"], absent: readonly unknown[]): boolean {
  if (model === undefined) return false;
  const schemas = isSchema(model) ? [model] : Object.values(model);
  return schemas.some((schema) => absent.every((value) => isRefusedNow(schema, value)));
}

function isRefusedNow(schema: AnySchema, value: unknown): boolean {
  try {
    const result = schema["~standard"].validate(value);
    if (!(result instanceof Promise)) return result.issues !== undefined;
    result.catch(() => undefined);
  } catch {
    // what a schema throws, a request gets to see
  }
  return false;
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
