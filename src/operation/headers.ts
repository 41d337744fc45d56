import { parseCookie } from "cookie";
import { unquoted } from "./cookie-value.ts";
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
