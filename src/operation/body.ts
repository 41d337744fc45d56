import { isUtf8 } from "node:buffer";
import sjson from "secure-json-parse";
import type { Operation } from "../app/operation.ts";
import type { InputBounds } from "../app/settings/input-settings.ts";
import { UploadedFile } from "../app/uploaded-file.ts";
import { HTTPError, ValidationError } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { CompiledOperation } from "./compile.ts";
import { findJsonMistake } from "./json-mistake.ts";
import { type Fractions, type NumberRules, type ParsedJson, parseNumbers } from "./json-numbers.ts";
import { hasAtMost, headerValue, parseQuery, type RawRequest } from "./raw.ts";

/** The parsed body, shared by everyone who reads it. */
export interface ParsedBody {
  readonly json: unknown;
  /** How many values the JSON has; 0 when it is short anyway. */
  readonly values: number;
  /** Undefined unless types are strict and the JSON has some. */
  readonly fractions: Fractions | undefined;
  readonly form: FormValues | undefined;
}

/** For a run that reads none. */
export const nothingParsed: ParsedBody = {
  json: undefined,
  values: 0,
  fractions: undefined,
  form: undefined,
};

/** Parses the body as far as anyone needs it. */
export function parseBody(
  {
    reads,
    strictContentType,
    bounds,
    declaration,
  }: Pick<CompiledOperation, "reads" | "strictContentType" | "bounds" | "declaration">,
  request: RawRequest,
): ParsedBody {
  if (!reads.json && !reads.form) return nothingParsed;
  const rules: BodyRules = { strictContentType, bounds, hasBigints: reads.bigints, declaration };
  const { value, values, fractions } = reads.json ? readBody(request, rules) : noBody;
  return { json: value, values, fractions, form: reads.form ? readForm(request, bounds) : undefined };
}

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** How a body is read. */
export interface BodyRules {
  /** A body without a content type is not taken for JSON. */
  readonly strictContentType: boolean;
  readonly bounds: InputBounds;
  /** Whether a schema wants integers with all their digits. */
  readonly hasBigints: boolean;
  /** The operation that reads it, for the log. */
  readonly declaration?: Operation;
}

/** A body as a value. */
export interface ReadBody extends ParsedJson {
  /** How many values it has; 0 when it is short anyway. */
  readonly values: number;
}

const noBody: ReadBody = { value: undefined, values: 0, fractions: undefined };

/**
 * The body as a value: parsed when it is JSON, its text when it is not (the schema then says what it expected, as in
 * FastAPI), undefined when it is empty.
 *
 * @throws {HTTPError} 400 when the bytes are not UTF-8, 413 when it has too many values.
 * @throws {ValidationError} `json_invalid` when the JSON is malformed, too deep, or sets a prototype.
 */
export function readBody(request: RawRequest, rules: BodyRules): ReadBody {
  const bytes = request.body;
  if (bytes === undefined || bytes.byteLength === 0) return noBody;
  if (!isUtf8(bytes)) throw new HTTPError(400, "There was an error parsing the body");
  const type = headerValue(request, "content-type");
  const isJson = type === undefined ? !rules.strictContentType : JSON_MEDIA_TYPE.test(type);
  if (!isJson) return { ...noBody, value: textOf(bytes) };
  try {
    return readJson(bytes, rules, "body");
  } catch (error) {
    if (error instanceof HTTPError && rules.bounds.lane === "loop") logTooMany(request, rules);
    throw error;
  }
}

function logTooMany({ log }: RawRequest, { declaration, bounds }: BodyRules): void {
  if (declaration === undefined) return;
  const { code, message } = tooLargeForLoop(
    declaration,
    `${bounds.maxValues} values`,
    "inputs.maxLoopValues",
  );
  log.warn({ code, operation: declaration.id }, message);
}

/**
 * For the log, since the client cannot raise a limit that is smaller than necessary.
 *
 * @param most - How much may be parsed: `1048576 bytes`.
 * @param settings - Those that allow more.
 */
export function tooLargeForLoop(
  { id, location: at }: Pick<Operation, "id" | "location">,
  most: string,
  settings: string,
): OffloopError {
  return new OffloopError(
    "OFFLOOP_BODY_TOO_LARGE",
    `Cannot parse a body of more than ${most} on the event loop for ${id}`,
    { at, fix: `make the operation a plain function, so that a thread parses it, or raise ${settings}` },
  );
}

/** Decodes UTF-8 bytes. */
export function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

/**
 * Parses JSON.
 *
 * @param root - The beginning of a mistake's `loc`.
 * @throws {HTTPError} 413 when it has too many values.
 * @throws {ValidationError} `json_invalid` when it is malformed, too deep, or sets a prototype.
 */
export function readJson(
  bytes: Uint8Array,
  { bounds, hasBigints }: Pick<BodyRules, "bounds" | "hasBigints">,
  root: string,
): ReadBody {
  const values = checkBounds(bytes, bounds, root);
  const { strictTypes } = bounds;
  return { ...parseJson(textOf(bytes), { hasBigints, strictTypes }, root), values };
}

/** Returns the number of values. A text that is too short to exceed any limit is not examined. */
function checkBounds(bytes: Uint8Array, bounds: InputBounds, root: string): number {
  const { maxDepth, maxValues } = bounds;
  if (bytes.byteLength <= Math.min(2 * maxDepth, maxValues)) return 0;
  const found = countValues(bytes, bounds);
  if (typeof found === "number") return found;
  if (found.kind === "depth")
    throw jsonInvalid(root, found.at, `Lists and objects are nested more than ${maxDepth} deep`);
  throw new HTTPError(413, `Content Too Large: the ${root} has more than ${maxValues} values`);
}

function parseJson(text: string, rules: NumberRules, root: string): ParsedJson {
  try {
    const { hasBigints, strictTypes } = rules;
    return hasBigints || strictTypes
      ? parseNumbers(text, rules)
      : { value: sjson.parse(text), fractions: undefined };
  } catch (error) {
    const mistake = findJsonMistake(text);
    throw jsonInvalid(root, mistake?.position, mistake?.error ?? (error as Error).message);
  }
}

function jsonInvalid(root: string, position: number | undefined, error: string): ValidationError {
  const loc = position === undefined ? [root] : [root, position];
  return new ValidationError([
    { type: "json_invalid", loc, msg: "JSON decode error", input: {}, ctx: { error } },
  ]);
}

/** The fields and files of a form by name, in the order they were sent. */
export type FormValues = ReadonlyMap<string, readonly (string | UploadedFile)[]>;

/**
 * The form in a request; empty when the request carries none. An empty field counts as absent, as in FastAPI: browsers
 * send one for every input that was left empty.
 *
 * @throws {HTTPError} 400 when an urlencoded form has too many fields.
 */
export function readForm(request: RawRequest, bounds: Pick<InputBounds, "maxNames">): FormValues {
  const values = new Map<string, (string | UploadedFile)[]>();
  for (const [name, value] of formParts(request, bounds)) {
    if (value === "") continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function* formParts(
  request: RawRequest,
  { maxNames }: Pick<InputBounds, "maxNames">,
): Generator<readonly [string, string | UploadedFile]> {
  if (request.parts === undefined) return yield* urlencodedParts(request, maxNames);
  for (const [name, value] of request.parts)
    yield [name, typeof value === "string" ? value : new UploadedFile(value)];
}

function* urlencodedParts(request: RawRequest, maxFields: number): Generator<readonly [string, string]> {
  const type = headerValue(request, "content-type") ?? "";
  if (request.body === undefined || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return;
  const text = new TextDecoder().decode(request.body);
  if (!hasAtMost(text, maxFields))
    throw new HTTPError(400, `Too many fields. Maximum number of fields is ${maxFields}.`);
  for (const [name, value] of Object.entries(parseQuery(text))) {
    for (const one of Array.isArray(value) ? value : [value]) yield [name, one];
  }
}

/** Why a JSON text must not be parsed. */
export type Excess =
  /** Lists and objects are nested too deeply, from this byte on. */
  { readonly kind: "depth"; readonly at: number } | { readonly kind: "values" };

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Counts the values of a JSON text before they are created. A parsed value costs up to a hundred times its two bytes,
 * and nesting a thousand levels deep overflows the stack of anything that walks it. An empty list or object counts
 * twice.
 *
 * @returns The number of values, or the limit that the text exceeds.
 */
export function countValues(
  json: Uint8Array,
  { maxDepth, maxValues }: Pick<InputBounds, "maxDepth" | "maxValues">,
): number | Excess {
  let values = 1;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      for (at++; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
    } else if (byte === COMMA) {
      if (++values > maxValues) return { kind: "values" };
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > maxDepth) return { kind: "depth", at };
      if (++values > maxValues) return { kind: "values" };
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth--;
    }
  }
  return values;
}
