import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { type AnySchema, isSchema, type Schemas } from "../schema/schema.ts";
import { functionName } from "./lane.ts";

/** The declared inputs of an operation or a dependency, for those who do not care about their types. */
export interface Inputs {
  readonly params: Schemas;
  readonly query: Schemas | AnySchema;
  readonly headers: Schemas | AnySchema;
  readonly cookies: Schemas | AnySchema;
  /** One schema for the body, or one for each of its keys. */
  readonly body: Schemas | AnySchema | undefined;
  readonly form: Schemas | AnySchema | undefined;
  /** Nothing is declared. */
  readonly isEmpty: boolean;
}

/** Inputs as they come in; the overloads have checked their types. */
export interface InputOptions {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly cookies?: unknown;
  readonly body?: unknown;
  readonly form?: unknown;
}

/** The names of all of them. */
export const inputNames: Readonly<Record<keyof InputOptions, true>> = {
  params: true,
  query: true,
  headers: true,
  cookies: true,
  body: true,
  form: true,
};

/**
 * Takes the inputs out of the options.
 *
 * @throws {OffloopError} `OFFLOOP_SCHEMA_INVALID` for what is no schema; `OFFLOOP_FORM_AND_BODY` when both are declared.
 */
export function checkInputs(what: string, options: InputOptions, at: SourceLocation): Inputs {
  const { params = {}, query = {}, headers = {}, cookies = {}, body, form } = options;
  const record = checkRecord(`${what}: params`, params, at);
  const models = { query, headers, cookies, body, form };
  for (const [source, model] of Object.entries(models))
    if (model !== undefined && !isSchema(model)) checkRecord(`${what}: ${source}`, model, at);
  if (body !== undefined && form !== undefined) {
    throw new OffloopError("OFFLOOP_FORM_AND_BODY", `Cannot add ${what}: it declares a body and a form`, {
      at,
      fix: "declare one of them: a request is JSON or a form, not both",
    });
  }
  const isEmpty = Object.values({ params, ...models }).every((one) => one === undefined || isBlank(one));
  return { ...(models as unknown as Inputs), params: record, isEmpty };
}

function isBlank(model: unknown): boolean {
  return !isSchema(model) && Object.keys(model as object).length === 0;
}

function checkRecord(what: string, record: unknown, at: SourceLocation): Schemas {
  if (record === null || typeof record !== "object") throw schemaInvalid(what, record, at);
  for (const [name, schema] of Object.entries(record))
    if (!isSchema(schema)) throw schemaInvalid(`${what}.${name}`, schema, at);
  return record as Schemas;
}

/** The error for what should be a schema. */
export function schemaInvalid(what: string, schema: unknown, at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_SCHEMA_INVALID",
    `Cannot use ${what}: expected a Standard Schema, got ${described(schema)}`,
    {
      at,
      fix: "pass a schema of zod, valibot, arktype or another Standard Schema library, like z.string()",
    },
  );
}

/** `String` and a class are what an annotation in Python would be. */
function described(value: unknown): string {
  return typeof value === "function" ? `the function ${functionName(value)}` : typeof value;
}
