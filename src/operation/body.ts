import { isUtf8 } from "node:buffer";
import sjson from "secure-json-parse";
import type { InputBounds } from "../app/input-settings.ts";
import { HTTPError } from "../errors/http-error.ts";
import { ValidationError } from "../errors/validation-error.ts";
import { headerValue } from "./headers.ts";
import { countValues } from "./json-bounds.ts";
import type { RawRequest } from "./raw.ts";

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** From how many values on a list is looked at item by item, so that checking it ends with the mistakes that are told. */
const LONG_VALUES = 1_000;

/** How a body is read. */
export interface BodyRules {
  /** Without a content type it is not taken for JSON. */
  readonly strictContentType: boolean;
  readonly bounds: InputBounds;
  /** Whether a schema wants integers with all their digits. */
  readonly hasBigints: boolean;
}

/** A body as a value. */
export interface ReadBody {
  readonly value: unknown;
  /** Whether it has so many values that its lists are checked item by item. */
  readonly isLong: boolean;
}

const noBody: ReadBody = { value: undefined, isLong: false };

/**
 * The body as a value: parsed when it is JSON, its text when it is not (the schema then says what it expected, as in
 * FastAPI), undefined when it is empty.
 *
 * @throws {HTTPError} 400 when the bytes are not UTF-8, 413 when it has too many values.
 * @throws {ValidationError} `json_invalid` when the JSON is broken, too deep, or sets a prototype.
 */
export function readBody(request: RawRequest, rules: BodyRules): ReadBody {
  const bytes = request.body;
  if (bytes === undefined || bytes.byteLength === 0) return noBody;
  if (!isUtf8(bytes)) throw new HTTPError(400, "There was an error parsing the body");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const type = headerValue(request, "content-type");
  const isJson = type === undefined ? !rules.strictContentType : JSON_MEDIA_TYPE.test(type);
  if (!isJson) return { value: text, isLong: false };
  const isLong = checkBounds(bytes, rules.bounds) > LONG_VALUES;
  return { value: parseJson(text, rules.hasBigints), isLong };
}

/** Gives the number of values. What is too short to go beyond any bound is not looked at. */
function checkBounds(bytes: Uint8Array, bounds: InputBounds): number {
  const { maxDepth, maxValues } = bounds;
  if (bytes.byteLength <= Math.min(2 * maxDepth, maxValues)) return 0;
  const found = countValues(bytes, bounds);
  if (typeof found === "number") return found;
  if (found.kind === "depth")
    throw jsonInvalid(found.at, `Lists and objects stand more than ${maxDepth} deep in each other`);
  throw new HTTPError(413, `Content Too Large: the body has more than ${maxValues} values`);
}

function parseJson(text: string, hasBigints: boolean): unknown {
  try {
    return hasBigints && /\d{16}/.test(text) ? sjson.parse(text, keepDigits as Reviver) : sjson.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    // V8 does not count where the text ends too early; Python does.
    const position = message.includes("end of JSON") ? text.length : /at position (\d+)/.exec(message)?.[1];
    throw jsonInvalid(position === undefined ? undefined : Number(position), message);
  }
}

function jsonInvalid(position: number | undefined, error: string): ValidationError {
  const loc = position === undefined ? ["body"] : ["body", position];
  return new ValidationError([
    { type: "json_invalid", loc, msg: "JSON decode error", input: {}, ctx: { error } },
  ]);
}

type Reviver = Parameters<typeof JSON.parse>[1];

/** Python's limit, too. */
const MAX_DIGITS = 4_300;

/** V8 hands over the text of a number; TypeScript's library does not know it yet. */
function keepDigits(_key: string, value: unknown, { source = "" }: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || source.length > MAX_DIGITS) return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}
