import { type SetCookie, stringifySetCookie } from "cookie";
import type { CookieOptions, DeletedCookieOptions, ResponseInfo } from "../app/context.ts";
import { explainForeign, ofResponses } from "../app/foreign-methods.ts";
import { cookiePrefix } from "../app/session.ts";
import { isFinalStatus, wrongStatus } from "../errors/http-error.ts";
import { HeaderList } from "./header-list.ts";
import { type HeaderPairs, quoted } from "./raw.ts";

/** What was said about the response before it exists. */
export class PlannedResponse implements ResponseInfo {
  chosen: number | undefined;
  #headers: HeaderList | undefined;

  get status(): number {
    return this.chosen ?? 200;
  }

  set status(status: number) {
    if (!isFinalStatus(status))
      throw wrongStatus("set response.status", status, "write response.status = 201");
    this.chosen = status;
  }

  get headers(): HeaderList {
    this.#headers ??= new HeaderList();
    return this.#headers;
  }

  setCookie(name: string, value: string, options: CookieOptions = {}): void {
    const { path = "/", sameSite = "lax", secure = cookiePrefix(name) !== undefined } = options;
    const cookie = { name, value, ...options, path, sameSite, secure };
    this.headers.append("set-cookie", stringifySetCookie(cookie as SetCookie, { encode: quoted }));
  }

  deleteCookie(name: string, options: DeletedCookieOptions = {}): void {
    this.setCookie(name, "", { ...options, maxAge: 0, expires: new Date(0) });
  }

  pairs(): HeaderPairs | undefined {
    return this.#headers?.pairs();
  }
}

explainForeign(PlannedResponse.prototype, "response", ofResponses);
