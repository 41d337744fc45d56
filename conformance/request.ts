import type { Chapter, Exchange } from "./vector.ts";

/** A request as it is sent to an app. */
export interface SentRequest {
  readonly headers: [string, string][];
  readonly body?: Uint8Array<ArrayBuffer>;
}

/**
 * The request of an exchange, byte for byte.
 *
 * @param received - The JSON bodies of earlier answers in its case, which headers may refer to.
 */
export function createRequest(
  chapter: Chapter,
  { request }: Exchange,
  received: readonly unknown[],
): SentRequest {
  const omitted = new Set(request.omit_default_headers ?? []);
  const own = new Set((request.headers ?? []).map(([name]) => name.toLowerCase()));
  const headers = (request.headers ?? []).map(([name, value]): [string, string] => [
    name,
    value.replaceAll(/\{\{(\d+)\.response\.json\.([\w.]+)\}\}/g, (_, index, path) =>
      String(valueAt(received[Number(index)], path.split("."))),
    ),
  ]);
  for (const [name, value] of Object.entries(chapter.default_request_headers))
    if (!omitted.has(name) && !own.has(name)) headers.push([name, value]);
  headers.push(...originHeaders(request));
  const { body } = request;
  if (body === undefined || body === null) return { headers };
  const bytes = body.base64 === undefined ? Buffer.from(body.text ?? "") : Buffer.from(body.base64, "base64");
  return { headers, body: Uint8Array.from(bytes) };
}

/** What a proxy adds when the request was for an origin other than the server's own. */
function originHeaders({ origin }: Exchange["request"]): [string, string][] {
  if (origin === undefined) return [];
  const { protocol, host } = new URL(origin);
  return [
    ["x-forwarded-proto", protocol.slice(0, -1)],
    ["x-forwarded-host", host],
  ];
}

function valueAt(json: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], json);
}
