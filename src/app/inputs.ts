import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { type AnySchema, isSchema, type Schemas } from "../schema/schema.ts";
import { functionName } from "./lane.ts";

/** The declared inputs of an operation or a dependency, without their types. */
export interface Inputs {
  readonly params: Schemas;
  readonly query: Model;
  readonly headers: Model;
  readonly cookies: Model;
  /** One schema for the body, or one for each of its keys. */
  readonly body: Model | undefined;
  readonly form: Model | undefined;
  readonly session: Model | undefined;
  /** Whether nothing is declared. */
  readonly isEmpty: boolean;
}

/** A record of schemas, or one schema for all of it. */
type Model = Schemas | AnySchema;

/** The inputs that an operation or a dependency may declare. */
export interface InputOptions {
  /** A schema for each path parameter; a parameter without one is a string. */
  readonly params?: Schemas;
  /**
   * The query parameters, or one schema for all of them. An array schema takes all values of a repeated name, any other
   * schema the last one.
   */
  readonly query?: Model;
  /** The headers, or one schema for all of them: `x_token` reads `x-token`. */
  readonly headers?: Model;
  /** The cookies, or one schema for all of them. */
  readonly cookies?: Model;
  /** The body, as JSON: one schema for all of it, or one for each of its keys. */
  readonly body?: Model;
  /**
   * The fields and files of a form, or one schema for all of them. Declare a file with a schema for a web `File`, like
   * `z.file()`; the handler receives an `UploadedFile`.
   */
  readonly form?: Model;
  /**
   * The keys of the session that are used, or one schema for all of these. A key that does not fit counts as absent; if
   * it is required, the answer is 401. Keys that are not declared stay in the session.
   */
  readonly session?: Model;
}

/** The names of all these options. */
export const inputNames: Readonly<Record<keyof InputOptions, true>> = {
  params: true,
  query: true,
  headers: true,
  cookies: true,
  body: true,
  form: true,
  session: true,
};

/**
 * Takes the inputs out of the options.
 *
 * @throws {OffloopError} `OFFLOOP_SCHEMA_INVALID` when one is not a schema; `OFFLOOP_FORM_AND_BODY` when both are
 * declared.
 */
export function checkInputs(what: string, options: InputOptions, at: SourceLocation): Inputs {
  const { params = {}, query = {}, headers = {}, cookies = {}, body, form, session } = options;
  const record = checkRecord(`${what}: params`, params, at);
  const models = { query, headers, cookies, body, form, session };
  for (const [source, model] of Object.entries(models))
    if (model !== undefined && !isSchema(model)) checkRecord(`${what}: ${source}`, model, at);
  if (body !== undefined && form !== undefined) throw formAndBody(what, at);
  const isEmpty = Object.values({ params, ...models }).every((one) => one === undefined || isBlank(one));
  return { ...(models as unknown as Inputs), params: record, isEmpty };
}

/** The error for declaring both. */
export function formAndBody(what: string, at: SourceLocation): OffloopError {
  return new OffloopError("OFFLOOP_FORM_AND_BODY", `Cannot add ${what}: it declares a body and a form`, {
    at,
    fix: "declare one of them: a request is JSON or a form, not both",
  });
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

/** The error for a value that should be a schema. */
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

/** `String` and a class are what you would write as an annotation in Python. */
function described(value: unknown): string {
  return typeof value === "function" ? `the function ${functionName(value)}` : typeof value;
}
