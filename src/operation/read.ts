import type { ValidationDetail } from "../errors/http-error.ts";
import { type Validated, validate } from "../schema/validate.ts";
import type { FormValues, ParsedBody } from "./body.ts";
import { headerValues, readCookies } from "./headers.ts";
import type { BodyInput, CompiledInputs, ParameterGroup, ParameterModel } from "./inputs.ts";
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

/** What is still being validated. */
type Pending = Promise<void>[];

const nothing: Readonly<Record<string, never>> = Object.freeze({});
const noForm: FormValues = new Map();

/**
 * Reads and validates every declared input. Mistakes are collected over all of them. Gives a promise only when a schema
 * validates asynchronously.
 */
export function readInputs(
  compiled: CompiledInputs,
  request: RawRequest,
  parsed: ParsedBody,
): ReadInputs | Promise<ReadInputs> {
  const inputs = noInputs(request);
  const pending: Pending = [];
  const { params, query, headers, cookies, form, body } = compiled;
  if (params !== undefined) readGroup(params, inRecord, request.params ?? nothing, inputs, "params", pending);
  if (query !== undefined) readGroup(query, inRecord, request.query, inputs, "query", pending);
  if (headers !== undefined) readGroup(headers, inHeaders, request, inputs, "headers", pending);
  if (cookies !== undefined) readGroup(cookies, inRecord, readCookies(request), inputs, "cookies", pending);
  if (form !== undefined) readGroup(form, inForm, parsed.form ?? noForm, inputs, "form", pending);
  if (body !== undefined) readBody(body, parsed.json, inputs, pending);
  return pending.length === 0 ? inputs : Promise.all(pending).then(() => inputs);
}

/** The inputs of a call that declares none: the path's names as they were sent, and nothing else. */
export function noInputs({ params }: RawRequest): ReadInputs {
  return {
    params: { ...params },
    query: nothing,
    headers: nothing,
    cookies: nothing,
    body: undefined,
    form: undefined,
    details: undefined,
  };
}

type GroupName = "params" | "query" | "headers" | "cookies" | "form";

function readGroup<Sent>(
  group: ParameterGroup,
  lookup: Lookup<Sent>,
  sent: Sent,
  inputs: ReadInputs,
  name: GroupName,
  pending: Pending,
): void {
  if ("schema" in group) {
    readModel(group, lookup.entries(sent), inputs, name, pending);
    return;
  }
  const target: Record<string, unknown> = name === "params" ? inputs.params : {};
  inputs[name] = target;
  for (const parameter of group) {
    const { schema, coerce, repair, many, loc, wireName } = parameter;
    const given = valuesFor(lookup.get(sent, wireName), many);
    take(validate(schema, coerce(given), given, loc, repair), inputs, target, parameter.name, pending);
  }
}

function readModel(
  { schema, fields, defaults, repair, loc }: ParameterModel,
  entries: Iterable<readonly [string, unknown]>,
  inputs: ReadInputs,
  name: GroupName,
  pending: Pending,
): void {
  // A client may send `__proto__`: a name like any other where there is no prototype.
  const sent: Record<string, unknown> = Object.assign(Object.create(null), defaults);
  const coerced: Record<string, unknown> = Object.create(null);
  for (const [wireName, value] of entries) {
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
    const late = result.then((validated) => take(validated, inputs, target, name, pending));
    late.catch(() => {}); // what fails after another input has thrown is waited for by nobody
    pending.push(late);
  } else if (result.details === undefined) {
    (target as Record<string, unknown>)[name] = result.value;
  } else {
    inputs.details = [...(inputs.details ?? []), ...result.details];
  }
}

/** How one finds, by name, what was sent in a place of the request. A name that came several times has all its values. */
export interface Lookup<Sent> {
  get(sent: Sent, name: string): unknown;
  entries(sent: Sent): Iterable<readonly [string, unknown]>;
}

/** In names and values: those of the path, the query and cookies. */
export const inRecord: Lookup<Readonly<Record<string, unknown>>> = {
  get: (values, name) => values[name],
  entries: (values) => Object.entries(values),
};

/** In the headers of a request. */
export const inHeaders: Lookup<RawRequest> = {
  get(request, name) {
    const values = headerValues(request, name);
    return values.length > 1 ? values : values[0];
  },
  *entries(request) {
    const names = request.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    for (const name of new Set(names)) yield [name, this.get(request, name)];
  },
};

/** In a form. */
export const inForm: Lookup<FormValues> = {
  get(values, name) {
    const found = values.get(name);
    return found === undefined || found.length > 1 ? found : found[0];
  },
  *entries(values) {
    for (const name of values.keys()) yield [name, this.get(values, name)];
  },
};
