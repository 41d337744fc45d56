import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

/** The parts of a request other than method and path. */
export interface TestRequest {
  /**
   * Headers, in any form that `fetch` accepts; `content-type` is added if the body determines it. A repeated name in a
   * list is sent repeatedly.
   */
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  /** Query parameters, added to those in the path; an array sends its name several times, undefined leaves it out. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  /** A body to send as JSON. */
  readonly json?: unknown;
  /**
   * Fields of a form; an array sends its name several times. It is sent as `multipart/form-data` if it contains a
   * `Blob` or `File`, else urlencoded. A field that is undefined is left out.
   */
  readonly form?: Readonly<Record<string, FormField | readonly FormField[] | undefined>> | undefined;
  /** A body in a form that `fetch` accepts: text, bytes, `URLSearchParams` for a form, `FormData` for one with files. */
  readonly body?: Exclude<ConstructorParameters<typeof Response>[0], null>;
  /** Abandons the request when it aborts, like a client that hangs up. */
  readonly signal?: AbortSignal | undefined;
}

/** A value of a form field. */
export type FormField = string | number | boolean | Blob;

/** The same, as bytes. */
export interface SentRequest {
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a client does with each request. */
export interface Encoding {
  /** Its URL. */
  readonly url: string;
  /** Headers of every request. */
  readonly always: TestRequest["headers"];
}

/**
 * Encodes what a test passes for sending.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for the URL of another server.
 */
export async function encodeRequest(
  path: string,
  request: TestRequest,
  { url, always }: Encoding,
): Promise<SentRequest> {
  const target = targetOf(path, url, request.query ?? {});
  const headers = merged(pairsOf(always), pairsOf(request.headers));
  const body = bodyOf(request);
  const encoded = body === undefined ? undefined : new Response(body);
  const type = request.json === undefined ? encoded?.headers.get("content-type") : "application/json";
  if (type != null && !headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(["content-type", type]);
  return {
    path: target,
    headers,
    body: encoded && Buffer.from(await encoded.arrayBuffer()),
    signal: request.signal,
  };
}

function bodyOf({ json, form, body }: TestRequest): TestRequest["body"] {
  if (json !== undefined) return JSON.stringify(json);
  return form === undefined ? body : formOf(form);
}

function formOf(form: NonNullable<TestRequest["form"]>): FormData | URLSearchParams {
  const fields = Object.entries(form).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, FormField] => [name, one]),
  );
  if (!fields.some(([, value]) => value instanceof Blob))
    return new URLSearchParams(fields.map(([name, value]): [string, string] => [name, String(value)]));
  const data = new FormData();
  for (const [name, value] of fields) {
    if (value instanceof Blob) data.append(name, value);
    else data.append(name, String(value));
  }
  return data;
}

type Pairs = [string, string][];

/** A request's own header replaces the client's. */
function merged(always: Pairs, own: Pairs): Pairs {
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  return [...always.filter(([name]) => !names.has(name.toLowerCase())), ...own];
}

function pairsOf(headers: TestRequest["headers"]): Pairs {
  if (!Array.isArray(headers)) return [...new Headers(headers)];
  return headers.map((pair) => [String(pair[0]), String(pair[1])]);
}

/** The same headers by their names in lower case; a repeated name has all its values. */
export function byName(headers: SentRequest["headers"]): Record<string, string | string[]> {
  const groups = Object.groupBy(headers, ([name]) => name.toLowerCase());
  return Object.fromEntries(
    Object.entries(groups).map(([name, pairs = []]) => {
      const values = pairs.map(([, value]) => value);
      return [name, values.length === 1 ? (values[0] as string) : values];
    }),
  );
}

/** What the first line of the request says: the path as `fetch` sends it, with the query. */
function targetOf(path: string, base: string, query: Readonly<Record<string, unknown>>): string {
  const url = urlOf(path, base);
  const added = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) added.append(name, String(one));
  // Not through its searchParams, which would write the query of the path anew.
  const search = [url.search.slice(1), added.toString()].filter((part) => part !== "").join("&");
  return url.pathname + (search === "" ? url.search : `?${search}`);
}

/** A path, or the client's own URL with one, as an app writes it into `location`. */
function urlOf(path: string, base: string): URL {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(path)) return new URL(base + (/^[/?#]/.test(path) ? path : `/${path}`));
  const url = URL.parse(path);
  if (url?.origin === base) return url;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot send a request to ${shownValue(path)}: the client reaches only its app, ${base}`,
    { fix: 'pass the path; another host is a header, { headers: { host: "www.example.com" } }' },
  );
}
