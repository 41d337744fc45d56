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

/** The last value of a header, or undefined. `name` in lower case. */
export function headerValue(request: RawRequest, name: string): string | undefined {
  return headerValues(request, name).at(-1);
}

/** All headers as the web's `Headers`. */
export function toHeaders({ headers }: RawRequest): Headers {
  const result = new Headers();
  for (let i = 0; i + 1 < headers.length; i += 2) result.append(headers[i] ?? "", headers[i + 1] ?? "");
  return result;
}

/** The request's cookies, by name. */
export function readCookies(request: RawRequest): Record<string, string | undefined> {
  return parseCookie(headerValues(request, "cookie").join("; "));
}
