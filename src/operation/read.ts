import querystring from "fast-querystring";
import { type ValidationDetail, ValidationError } from "../errors/validation-error.ts";
import { type Validated, validate } from "../schema/validate.ts";
import { readBody } from "./body.ts";
import type { CompiledOperation, Parameter } from "./compile.ts";
import { headerValues, readCookies } from "./headers.ts";
import type { RawRequest } from "./raw.ts";

/** The inputs of one call, valid. */
export interface ReadInputs {
  params: Record<string, unknown>;
  query: Record<string, unknown>;
  headers: Record<string, unknown>;
  cookies: Record<string, unknown>;
  body: unknown;
}

/** Collects what is wrong, and what is still being validated. */
interface Findings {
  details: ValidationDetail[] | undefined;
  pending: Promise<void>[] | undefined;
}

type Lookup = (parameter: Parameter) => string | string[] | undefined;

/**
 * Reads and validates every declared input. Mistakes are collected over all of them before anything is called,
 * as FastAPI does. Gives a promise only when a schema validates asynchronously.
 *
 * @throws {ValidationError} With everything that is wrong.
 */
export function readInputs(
  compiled: CompiledOperation,
  request: RawRequest,
): ReadInputs | Promise<ReadInputs> {
  const inputs: ReadInputs = {
    params: { ...request.params },
    query: {},
    headers: {},
    cookies: {},
    body: undefined,
  };
  const findings: Findings = { details: undefined, pending: undefined };
  if (compiled.params.length > 0)
    readParameters(compiled.params, pathLookup(request), inputs.params, findings);
  if (compiled.query.length > 0) readParameters(compiled.query, queryLookup(request), inputs.query, findings);
  if (compiled.headers.length > 0)
    readParameters(compiled.headers, headerLookup(request), inputs.headers, findings);
  if (compiled.cookies.length > 0)
    readParameters(compiled.cookies, cookieLookup(request), inputs.cookies, findings);
  if (compiled.body !== undefined) {
    const body = readBody(request);
    take(validate(compiled.body, body, body, ["body"]), inputs, "body", findings);
  }
  if (findings.pending === undefined) return verdict(inputs, findings);
  return Promise.all(findings.pending).then(() => verdict(inputs, findings));
}

function verdict(inputs: ReadInputs, { details }: Findings): ReadInputs {
  if (details !== undefined) throw new ValidationError(details);
  return inputs;
}

function readParameters(
  parameters: readonly Parameter[],
  lookup: Lookup,
  target: Record<string, unknown>,
  findings: Findings,
): void {
  for (const parameter of parameters) {
    const sent = lookup(parameter);
    const given = parameter.many || !Array.isArray(sent) ? sent : sent.at(-1);
    take(
      validate(parameter.schema, parameter.coerce(given), given, parameter.loc),
      target,
      parameter.name,
      findings,
    );
  }
}

function take(
  result: Validated | Promise<Validated>,
  target: object,
  name: string,
  findings: Findings,
): void {
  if (result instanceof Promise) {
    findings.pending ??= [];
    findings.pending.push(result.then((late) => take(late, target, name, findings)));
  } else if (result.details === undefined) {
    (target as Record<string, unknown>)[name] = result.value;
  } else {
    findings.details = [...(findings.details ?? []), ...result.details];
  }
}

function pathLookup({ params }: RawRequest): Lookup {
  return ({ wireName }) => params?.[wireName];
}

function queryLookup({ url }: RawRequest): Lookup {
  const start = url.indexOf("?");
  if (start === -1) return () => undefined;
  const values = querystring.parse(url.slice(start + 1)) as Record<string, string | string[] | undefined>;
  return ({ wireName }) => values[wireName];
}

function headerLookup(request: RawRequest): Lookup {
  return ({ wireName }) => {
    const values = headerValues(request, wireName);
    return values.length > 1 ? values : values[0];
  };
}

function cookieLookup(request: RawRequest): Lookup {
  const cookies = readCookies(request);
  return ({ wireName }) => cookies[wireName];
}
