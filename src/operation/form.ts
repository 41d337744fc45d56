import type { InputBounds } from "../app/input-settings.ts";
import { UploadedFile } from "../app/uploaded-file.ts";
import { HTTPError } from "../errors/http-error.ts";
import { headerValue } from "./headers.ts";
import { hasAtMost, parseQuery } from "./query.ts";
import type { RawRequest } from "./raw.ts";

/** The fields and files of a form, by name, in the order sent. */
export type FormValues = ReadonlyMap<string, readonly (string | UploadedFile)[]>;

/**
 * The form in a request; empty when the request carries none. An empty field counts as absent, as in FastAPI: browsers
 * send one for every input that was left empty.
 *
 * @throws {HTTPError} 400 when an urlencoded one has too many fields.
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
    for (const one of Array.isArray(value) ? value : [value]) yield [name, one as string];
  }
}
