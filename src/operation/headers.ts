import { parseCookie } from "cookie";
import type { RawRequest } from "./raw.ts";

/** All values of a header, in the order sent. `name` in lower case. */
export function headerValues({ headers }: RawRequest, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const candidate = headers[i] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      values.push(headers[i + 1] ?? "");
  }
  return values;
}

/** The first value of a header, as Starlette takes it, or undefined. `name` in lower case. */
export function headerValue({ headers }: RawRequest, name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const candidate = headers[i] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

/** All headers as the web's `Headers`. */
export function toHeaders({ headers }: RawRequest): Headers {
  const result = new Headers();
  for (let i = 0; i + 1 < headers.length; i += 2) result.append(headers[i] ?? "", headers[i + 1] ?? "");
  return result;
}

/** The request's cookies, by name, as Starlette reads them: the last of a name, without its quotes. */
export function readCookies(request: RawRequest): Record<string, string | undefined> {
  const pairs = headerValues(request, "cookie").join(";").split(";");
  // The parser takes the first of a name.
  return parseCookie(pairs.reverse().join(";"), { decode: unquoted });
}

/** RFC 6265's cookie-octets. */
const UNQUOTED = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** A cookie's value as it is sent, in Python's way: in quotes where it needs them, with other bytes in octal. */
export function quoted(value: string): string {
  if (UNQUOTED.test(value)) return value;
  return `"${Buffer.from(value, "utf8")
    .toString("latin1")
    .replaceAll(/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/g, octal)}"`;
}

/** The value of a cookie that came in quotes; any other is as it is. */
export function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  const inner = value.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  const bytes = inner.replaceAll(/\\(?:([0-3][0-7][0-7])|(.))/gs, (_, digits?: string, other?: string) =>
    digits === undefined ? (other ?? "") : String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function octal(byte: string): string {
  return `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
}
