/** The parts of a request other than method and path. */
export interface TestRequest {
  /**
   * Headers, in any form that `fetch` accepts; `content-type` is added if the body determines it. A repeated name in a
   * list is sent repeatedly; through a socket, its values are joined.
   */
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  /** Query parameters, added to those in the path; an array sends its name several times. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  /** A body to send as JSON. */
  readonly json?: unknown;
  /**
   * Fields of a form; an array sends its name several times. It is sent as `multipart/form-data` if it contains a
   * `Blob` or `File`, else urlencoded.
   */
  readonly form?: Readonly<Record<string, FormField | readonly FormField[]>> | undefined;
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

/** Encodes what a test passes for sending. */
export async function encodeRequest(
  path: string,
  request: TestRequest,
  always: TestRequest["headers"],
): Promise<SentRequest> {
  const headers = merged(pairsOf(always), pairsOf(request.headers));
  const body = bodyOf(request);
  const encoded = body === undefined ? undefined : new Response(body);
  const type = request.json === undefined ? encoded?.headers.get("content-type") : "application/json";
  if (type != null && !headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(["content-type", type]);
  return {
    path: withQuery(path, request.query ?? {}),
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
    [value].flat().map((one): [string, FormField] => [name, one]),
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

function withQuery(path: string, query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  if (search.size === 0) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${search}`;
}
