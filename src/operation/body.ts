import { isUtf8 } from "node:buffer";
import sjson from "secure-json-parse";
import { HTTPError } from "../errors/http-error.ts";
import { ValidationError } from "../errors/validation-error.ts";
import { headerValue } from "./headers.ts";
import type { RawRequest } from "./raw.ts";

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
