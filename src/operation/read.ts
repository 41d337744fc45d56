import { HTTPError, type ValidationDetail } from "../errors/http-error.ts";
import { longFrom } from "../schema/check-cost.ts";
import { validateLong } from "../schema/long-values.ts";
import { type CheckedSchema, type Validated, validate } from "../schema/validate.ts";
import type { FormValues, ParsedBody, ReadBody } from "./body.ts";
import type { BodyInput, CompiledInputs, ParameterGroup, ParameterModel } from "./inputs.ts";
import { hasAtMost, headerValues, type RawRequest, readCookies } from "./raw.ts";

/** The valid inputs of one call, and what is wrong with the others. */
export interface ReadInputs {
  readonly params: Record<string, unknown>;
  readonly query: unknown;
  readonly headers: unknown;
  readonly cookies: unknown;
  readonly body: unknown;
  readonly form: unknown;
  /** Undefined when all are valid. */
  readonly details: ValidationDetail[] | undefined;
}

/** State of reading one call's inputs. */
interface Reading {
  readonly inputs: { -readonly [Name in keyof ReadInputs]: ReadInputs[Name] };
  /** Validations still running; undefined when there are none. */
  pending: Promise<void>[] | undefined;
}

const nothing: Readonly<Record<string, never>> = Object.freeze({});
const noForm: FormValues = new Map();
/** Shown in a mistake in place of a credential that was sent along. */
const REDACTED = "[redacted]";

/**
 * Reads and validates every declared input. Mistakes are collected across all of them. Returns a promise only when a
 * schema validates asynchronously.
 *
 * @throws {HTTPError} 400 when a query has too many names.
 */
export function readInputs(
  compiled: CompiledInputs,
  request: RawRequest,
  parsed: ParsedBody,
): ReadInputs | Promise<ReadInputs> {
  if (compiled.isEmpty) return noInputs(request);
  const inputs = newInputs(request.params);
  const reading: Reading = { inputs, pending: undefined };
  const { params, query, headers, cookies, form, body } = compiled;
  if (params !== undefined) readGroup(params, inPath, request.params ?? nothing, reading);
  if (query !== undefined) {
    checkQuery(request, compiled);
    readGroup(query, inQuery, request.query, reading);
  }
  if (headers !== undefined) readGroup(headers, inHeaders, request, reading);
  if (cookies !== undefined) readGroup(cookies, inCookies, readCookies(request), reading);
  if (form !== undefined) readGroup(form, inForm, parsed.form ?? noForm, reading);
  if (body !== undefined) readBody(body, parsed, reading);
  return reading.pending === undefined ? inputs : Promise.all(reading.pending).then(() => inputs);
}

function checkQuery({ url }: RawRequest, { maxNames }: CompiledInputs): void {
  if (!hasAtMost(url, maxNames))
    throw new HTTPError(400, `Too many query parameters. Maximum number is ${maxNames}.`);
}

/** The inputs of a call that declares none: only the path parameters, as they were sent. */
export function noInputs({ params }: RawRequest): ReadInputs {
  return params === undefined ? nothingRead : newInputs(params);
}

function newInputs(params: RawRequest["params"]): Reading["inputs"] {
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

const nothingRead: ReadInputs = { ...newInputs(undefined), params: nothing };

function readGroup<Sent>(group: ParameterGroup, from: Lookup<Sent>, sent: Sent, reading: Reading): void {
  if ("schema" in group) {
    readModel(group, from, sent, reading);
    return;
  }
  const { inputs } = reading;
  const target: Record<string, unknown> = from.group === "params" ? inputs.params : {};
  inputs[from.group] = target;
  for (const parameter of group) {
    const { coerce, many, loc, wireName } = parameter;
    const given = valuesFor(from.get(sent, wireName), many, from.takesFirst);
    take(validate(parameter, coerce(given), given, loc), target, parameter.name, reading);
  }
}

function readModel<Sent>(model: ParameterModel, from: Lookup<Sent>, sent: Sent, reading: Reading): void {
  const { fields, names, defaults, loc } = model;
  // A client may send `__proto__`: without a prototype it is a name like any other.
  const shown: Record<string, unknown> = Object.assign(Object.create(null), defaults);
  const coerced: Record<string, unknown> = Object.create(null);
  for (const [wireName, value] of from.entries(sent)) {
    const field = fields.get(wireName);
    if (field === undefined) {
      shown[wireName] = from.shows(wireName) ? value : REDACTED;
      // `x_user` is not the input declared under this name if that one is read from `x-user`.
      if (!names.has(wireName)) coerced[wireName] = value;
    } else {
      shown[wireName] = valuesFor(value, field.many, from.takesFirst);
      coerced[field.name] = field.coerce(shown[wireName]);
    }
  }
  take(validate(model, coerced, shown, loc), reading.inputs, from.group, reading);
}

/**
 * For a name that was sent several times: all values, the first, or the last. An input that takes many receives a
 * single value as a list.
 */
function valuesFor(sent: unknown, many: boolean, takesFirst: boolean): unknown {
  if (!many) return Array.isArray(sent) ? sent.at(takesFirst ? 0 : -1) : sent;
  return sent === undefined || Array.isArray(sent) ? sent : [sent];
}

const bodyLoc = ["body"];

function readBody(body: BodyInput, parsed: ParsedBody, reading: Reading): void {
  const { json, values, fractions } = parsed;
  const { inputs } = reading;
  if ("schema" in body) {
    take(checkBody(body, { value: json, values, fractions }, bodyLoc), inputs, "body", reading);
    return;
  }
  const isObject = json !== null && typeof json === "object" && !Array.isArray(json);
  const target: Record<string, unknown> = {};
  inputs.body = target;
  for (const key of body.keys) {
    const { name, wireName } = key;
    const loc = ["body", wireName];
    if (isObject) {
      const value = Object.hasOwn(json, wireName) ? (json as Record<string, unknown>)[wireName] : undefined;
      const part = { value, values, fractions: fractions?.at(json, wireName) };
      take(checkBody(key, part, loc), target, name, reading);
    } else if (json == null) {
      take(validate(key, undefined, undefined, loc), target, name, reading);
    } else {
      // As in FastAPI, a body without keys lacks them all, even those with a default.
      const details = [{ type: "missing", loc, msg: "Field required", input: null }];
      take({ details }, target, name, reading);
    }
  }
}

/** Validates a body, a key of one, or a message. */
export function checkBody(
  checked: CheckedSchema,
  sent: ReadBody,
  loc: readonly string[],
): Validated | Promise<Validated> {
  const result = checkValue(checked, sent, loc);
  if (sent.fractions === undefined) return result;
  const mistakes = sent.fractions.mistakes(checked, loc);
  return result instanceof Promise || mistakes instanceof Promise
    ? Promise.all([result, mistakes]).then(([late, others]) => joined(late, others))
    : joined(result, mistakes);
}

function joined(result: Validated, mistakes: readonly ValidationDetail[]): Validated {
  return mistakes.length === 0 ? result : { details: withOthers(result.details ?? [], mistakes) };
}

/** One mistake for each place. */
function withOthers(
  details: readonly ValidationDetail[],
  others: readonly ValidationDetail[],
): ValidationDetail[] {
  const places = new Set(details.map(({ loc }) => JSON.stringify(loc)));
  return [...details, ...others.filter(({ loc }) => !places.has(JSON.stringify(loc)))];
}

/** A refused null counts as absent, as in FastAPI: its default applies, or it is missing. */
function checkValue(
  checked: CheckedSchema,
  { value, values }: ReadBody,
  loc: readonly string[],
): Validated | Promise<Validated> {
  if (value !== null && values > 0 && values > longFrom(checked.schema))
    return validateLong(checked, value, loc);
  const result = validate(checked, value, value, loc);
  if (value !== null) return result;
  const orAbsent = (validated: Validated): Validated | Promise<Validated> =>
    validated.details === undefined ? validated : validate(checked, undefined, undefined, loc);
  return result instanceof Promise ? result.then(orAbsent) : orAbsent(result);
}

function take(result: Validated | Promise<Validated>, target: object, name: string, reading: Reading): void {
  if (result instanceof Promise) {
    const late = result.then((validated) => take(validated, target, name, reading));
    late.catch(() => {}); // nobody waits for a failure after another input has thrown
    reading.pending ??= [];
    reading.pending.push(late);
  } else if (result.details === undefined) {
    (target as Record<string, unknown>)[name] = result.value;
  } else {
    const { inputs } = reading;
    inputs.details = inputs.details === undefined ? result.details : inputs.details.concat(result.details);
  }
}

/**
 * How to look up by name what was sent in one part of the request. A name that was sent several
 * times has all its values.
 */
export interface Lookup<Sent> {
  /** The part that is read. */
  readonly group: "params" | "query" | "headers" | "cookies" | "form";
  get(sent: Sent, name: string): unknown;
  entries(sent: Sent): Iterable<readonly [string, unknown]>;
  /** The first of several values counts; otherwise the last. */
  readonly takesFirst: boolean;
  /** Whether a mistake may show what was sent under an undeclared name. */
  shows(name: string): boolean;
}

const showsAll = (): boolean => true;

type Values = Readonly<Record<string, unknown>>;

const inValues: Omit<Lookup<Values>, "group"> = {
  get: (values, name) => values[name],
  entries: (values) => Object.entries(values),
  takesFirst: false,
  shows: showsAll,
};
const inPath: Lookup<Values> = { group: "params", ...inValues };
const inQuery: Lookup<Values> = { group: "query", ...inValues };
/** What is not declared may be a session that no script of the page is to see. */
const inCookies: Lookup<Values> = { group: "cookies", ...inValues, shows: () => false };

const credentials = new Set(["authorization", "proxy-authorization", "cookie"]);

/** In the headers of a request. */
export const inHeaders: Lookup<RawRequest> = {
  group: "headers",
  get(request, name) {
    const values = headerValues(request, name);
    return values.length > 1 ? values : values[0];
  },
  entries({ headers }) {
    const found = new Map<string, string | string[]>();
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = (headers[i] ?? "").toLowerCase();
      const value = headers[i + 1] ?? "";
      const known = found.get(name);
      if (known === undefined) found.set(name, value);
      else if (typeof known === "string") found.set(name, [known, value]);
      else known.push(value);
    }
    return found;
  },
  takesFirst: true,
  shows: (name) => !credentials.has(name),
};

/** In a form. */
const inForm: Lookup<FormValues> = {
  group: "form",
  get(values, name) {
    const found = values.get(name);
    return found === undefined || found.length > 1 ? found : found[0];
  },
  *entries(values) {
    for (const name of values.keys()) yield [name, this.get(values, name)];
  },
  takesFirst: false,
  shows: showsAll,
};
