import { isUtf8 } from "node:buffer";
import sjson from "secure-json-parse";
import { UploadedFile } from "../app/uploaded-file.ts";
import { HTTPError, ValidationError } from "../errors/http-error.ts";
import type { CompiledOperation } from "./compile.ts";
import { headerValue } from "./headers.ts";
import { parseQuery, type RawRequest } from "./raw.ts";

/** What the body was parsed to, once for all who read it. */
export interface ParsedBody {
  readonly json: unknown;
  readonly form: FormValues | undefined;
}

const noBody: ParsedBody = { json: undefined, form: undefined };

/** Parses the body as far as somebody wants it. */
export function parseBody(
  { reads, strictContentType }: Pick<CompiledOperation, "reads" | "strictContentType">,
  request: RawRequest,
): ParsedBody {
  if (!reads.json && !reads.form) return noBody;
  return {
    json: reads.json ? readBody(request, strictContentType) : undefined,
    form: reads.form ? readForm(request) : undefined,
  };
}

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/**
 * The body as a value: parsed when it is JSON, its text when it is not (the schema then says what it expected, as in
 * FastAPI), undefined when it is empty.
 *
 * @param strictContentType - Without a content type it is not taken for JSON.
 * @throws {HTTPError} 400 when the bytes are not UTF-8.
 * @throws {ValidationError} `json_invalid` when the JSON is broken, or sets a prototype.
 */
export function readBody(request: RawRequest, strictContentType: boolean): unknown {
  const bytes = request.body;
  if (bytes === undefined || bytes.byteLength === 0) return undefined;
  if (!isUtf8(bytes)) throw new HTTPError(400, "There was an error parsing the body");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const type = headerValue(request, "content-type");
  const isJson = type === undefined ? !strictContentType : JSON_MEDIA_TYPE.test(type);
  return isJson ? parseJson(text) : text;
}

function parseJson(text: string): unknown {
  try {
    return sjson.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    // V8 does not count where the text ends too early; Python does.
    const position = message.includes("end of JSON") ? text.length : /at position (\d+)/.exec(message)?.[1];
    const loc = position === undefined ? ["body"] : ["body", Number(position)];
    throw new ValidationError([
      { type: "json_invalid", loc, msg: "JSON decode error", input: {}, ctx: { error: message } },
    ]);
  }
}

/** The fields and files of a form, by name, in the order sent. */
export type FormValues = ReadonlyMap<string, readonly (string | UploadedFile)[]>;

/**
 * The form in a request; empty when the request carries none. An empty field counts as absent, as in FastAPI: browsers
 * send one for every input that was left empty.
 */
export function readForm(request: RawRequest): FormValues {
  const values = new Map<string, (string | UploadedFile)[]>();
  for (const [name, value] of formParts(request)) {
    if (value === "") continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function* formParts(request: RawRequest): Generator<readonly [string, string | UploadedFile]> {
  if (request.parts === undefined) return yield* urlencodedParts(request);
  for (const [name, value] of request.parts)
    yield [name, typeof value === "string" ? value : new UploadedFile(value)];
}

function* urlencodedParts(request: RawRequest): Generator<readonly [string, string]> {
  const type = headerValue(request, "content-type") ?? "";
  if (request.body === undefined || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return;
  const text = new TextDecoder().decode(request.body);
  for (const [name, value] of Object.entries(parseQuery(text))) {
    for (const one of Array.isArray(value) ? value : [value]) yield [name, one as string];
  }
}
