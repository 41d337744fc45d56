import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import type { Exchange } from "./vector.ts";

/**
 * Headers left out of the comparison, which covers what a client can rely on: lengths, dates and connections differ
 * between servers.
 */
const skipped = new Set([
  "content-length",
  "content-type",
  "date",
  "server",
  "connection",
  "transfer-encoding",
]);

const documentationPage = /<title>.* - (?:Swagger UI|ReDoc)<\/title>/;

/** How an answer differs from the recorded one; undefined when it is equal. */
export async function difference(exchange: Exchange, response: Response): Promise<string | undefined> {
  const { response: recorded } = exchange;
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== recorded.status)
    return `status ${response.status}, not ${recorded.status}: ${bytes.toString().slice(0, 200)}`;
  return differentHeader(exchange, response) ?? differentBody(exchange, bytes);
}

/** RFC 6265bis: attributes of a cookie are compared without regard to case. RFC 9110: so are names of headers. */
const withoutCase = new Set(["set-cookie", "vary"]);

function differentHeader({ response, volatile = [] }: Exchange, { headers }: Response): string | undefined {
  const type = response.headers.find(([name]) => name === "content-type")?.[1];
  if (type !== undefined && mediaType(headers.get("content-type")) !== mediaType(type))
    return `content-type ${headers.get("content-type")}, not ${type}`;
  for (const [name, value] of response.headers) {
    if (skipped.has(name) || volatile.some((one) => one.endsWith(`headers.${name}`))) continue;
    const given = headers.get(name);
    const same = withoutCase.has(name) ? given?.toLowerCase() === value.toLowerCase() : given === value;
    if (!same) return `${name}: ${given}, not ${value}`;
  }
  return undefined;
}

function mediaType(type: string | null): string {
  return (type ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function differentBody({ response, volatile = [] }: Exchange, bytes: Buffer): string | undefined {
  const { body } = response;
  // Each framework has pages of its own.
  if (body?.text !== undefined && documentationPage.test(body.text))
    return bytes.length > 0 ? undefined : "an empty page";
  if (body === null) return bytes.length === 0 ? undefined : `a body: ${bytes.toString().slice(0, 100)}`;
  if (body.json !== undefined) {
    if (volatile.includes("response.body")) return differentShape(parse(bytes), body.json);
    const anyOrder = volatile.some((one) => one.includes("array order"));
    const [given, wanted] = [comparable(parse(bytes), anyOrder), comparable(body.json, anyOrder)];
    return isDeepStrictEqual(given, wanted)
      ? undefined
      : `body ${JSON.stringify(given)}, not ${JSON.stringify(wanted)}`;
  }
  const isPacked = response.headers.some(([name, value]) => name === "content-encoding" && value === "gzip");
  const wanted =
    body.base64 === undefined ? Buffer.from(body.text ?? "") : Buffer.from(body.base64, "base64");
  // The client has unpacked it, and each compressor produces its own bytes for the same content.
  if (isPacked && bytes.equals(gunzipSync(wanted))) return undefined;
  if (bytes.equals(wanted)) return undefined;
  const events = (text: Buffer): string[] => text.toString().split("\n").map(plainData);
  if (body.text !== undefined && isDeepStrictEqual(events(bytes), events(wanted))) return undefined;
  return `body ${JSON.stringify(bytes.toString().slice(0, 200))}, not ${JSON.stringify(wanted.toString().slice(0, 200))}`;
}

/** For values that differ from run to run, only their kinds are compared. */
function differentShape(given: unknown, wanted: unknown): string | undefined {
  const [got, expected] = [JSON.stringify(shapeOf(given)), JSON.stringify(shapeOf(wanted))];
  return got === expected ? undefined : `a body like ${got}, not ${expected}`;
}

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return bytes.toString();
  }
}

/** JSON in an event, without the spaces that some writers insert. */
function plainData(line: string): string {
  if (!line.startsWith("data: ")) return line;
  try {
    return `data: ${JSON.stringify(JSON.parse(line.slice(6)))}`;
  } catch {
    return line;
  }
}

/** Of a mistake, `loc` and `input` are compared, and the presence of a type and a message. */
function comparable(value: unknown, anyOrder: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, anyOrder));
    return anyOrder ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (value === null || typeof value !== "object") return value;
  if ("loc" in value && "msg" in value && "type" in value) {
    const { loc, input, msg, type } = value as Record<string, unknown>;
    return { loc, input, hasWords: typeof msg === "string" && typeof type === "string" };
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, comparable(item, anyOrder)]));
}
