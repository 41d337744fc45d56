import type { ValidationDetail } from "../errors/validation-error.ts";
import { type Validated, validate } from "../schema/validate.ts";
import type { FormValues } from "./form.ts";
import type { BodyInput, CompiledInputs, Parameter, ParameterGroup, ParameterModel } from "./inputs.ts";
import { type Lookup, lookups } from "./lookup.ts";
import type { RawRequest } from "./raw.ts";

/** The inputs of one call as far as they are valid, and what is wrong with the others. */
export interface ReadInputs {
  params: Record<string, unknown>;
  query: unknown;
  headers: unknown;
  cookies: unknown;
  body: unknown;
  form: unknown;
  /** Undefined when all are valid. */
  details: ValidationDetail[] | undefined;
}

/** What the body was parsed to, once for all who read it. */
export interface ParsedBody {
  readonly json: unknown;
  readonly form: FormValues | undefined;
}

/** What is still being validated. */
type Pending = Promise<void>[];

const nothing: Readonly<Record<string, never>> = Object.freeze({});

/**
 * Reads and validates every declared input. Mistakes are collected over all of them. Gives a promise only when a schema
 * validates asynchronously.
 */
export function readInputs(
  compiled: CompiledInputs,
  request: RawRequest,
  parsed: ParsedBody,
): ReadInputs | Promise<ReadInputs> {
  const inputs: ReadInputs = {
    params: { ...request.params },
    query: nothing,
    headers: nothing,
    cookies: nothing,
    body: undefined,
    form: undefined,
    details: undefined,
  };
  const pending: Pending = [];
  const { params, query, headers, cookies, form, body } = compiled;
  if (params !== undefined) readGroup(params, lookups.params(request), inputs, "params", pending);
  if (query !== undefined) readGroup(query, lookups.query(request), inputs, "query", pending);
  if (headers !== undefined) readGroup(headers, lookups.headers(request), inputs, "headers", pending);
  if (cookies !== undefined) readGroup(cookies, lookups.cookies(request), inputs, "cookies", pending);
  if (form !== undefined) readGroup(form, lookups.form(parsed.form), inputs, "form", pending);
  if (body !== undefined) readBody(body, parsed.json, inputs, pending);
  return pending.length === 0 ? inputs : Promise.all(pending).then(() => inputs);
}

type GroupName = "params" | "query" | "headers" | "cookies" | "form";

function readGroup(
  group: ParameterGroup,
  lookup: Lookup,
  inputs: ReadInputs,
  name: GroupName,
  pending: Pending,
): void {
  if ("schema" in group) {
    readModel(group, lookup, inputs, name, pending);
    return;
  }
  const target: Record<string, unknown> = name === "params" ? inputs.params : {};
  inputs[name] = target;
  for (const parameter of group) readParameter(parameter, lookup, inputs, target, pending);
}

function readParameter(
  parameter: Parameter,
  lookup: Lookup,
  inputs: ReadInputs,
  target: Record<string, unknown>,
  pending: Pending,
): void {
  const { schema, coerce, repair, many, loc, name, wireName } = parameter;
  const given = valuesFor(lookup.get(wireName), many);
  take(validate(schema, coerce(given), given, loc, repair), inputs, target, name, pending);
}

function readModel(
  { schema, fields, defaults, repair, loc }: ParameterModel,
  lookup: Lookup,
  inputs: ReadInputs,
  name: GroupName,
  pending: Pending,
): void {
  // A client may send `__proto__`: a name like any other where there is no prototype.
  const sent: Record<string, unknown> = Object.assign(Object.create(null), defaults);
  const coerced: Record<string, unknown> = Object.create(null);
  for (const [wireName, value] of lookup.entries()) {
    const field = fields.get(wireName);
    const key = field?.name ?? wireName;
    sent[key] = field === undefined ? value : valuesFor(value, field.many);
    coerced[key] = field === undefined ? sent[key] : field.coerce(sent[key]);
  }
  take(validate(schema, coerced, sent, loc, repair), inputs, inputs, name, pending);
}

/** Of a name that was sent several times, all values or the last one. What takes many takes one as a list of it. */
function valuesFor(sent: unknown, many: boolean): unknown {
  if (!many) return Array.isArray(sent) ? sent.at(-1) : sent;
  return sent === undefined || Array.isArray(sent) ? sent : [sent];
}

function readBody(body: BodyInput, json: unknown, inputs: ReadInputs, pending: Pending): void {
  if ("schema" in body) {
    take(validate(body.schema, json, json, ["body"], body.repair), inputs, inputs, "body", pending);
    return;
  }
  const keys = json !== null && typeof json === "object" ? (json as Record<string, unknown>) : nothing;
  const target: Record<string, unknown> = {};
  inputs.body = target;
  for (const { name, wireName, schema, repair } of body.keys) {
    const value = Object.hasOwn(keys, wireName) ? keys[wireName] : undefined;
    take(validate(schema, value, value, ["body", wireName], repair), inputs, target, name, pending);
  }
}

function take(
  result: Validated | Promise<Validated>,
  inputs: ReadInputs,
  target: object,
  name: string,
  pending: Pending,
): void {
  if (result instanceof Promise) {
    pending.push(result.then((late) => take(late, inputs, target, name, pending)));
  } else if (result.details === undefined) {
    (target as Record<string, unknown>)[name] = result.value;
  } else {
    inputs.details = [...(inputs.details ?? []), ...result.details];
  }
}
