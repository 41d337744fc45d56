import { stringifySetCookie } from "cookie";
import type { CookieOptions, ResponseInfo } from "../app/exchange.ts";
import { quoted } from "./cookie-value.ts";
import type { HeaderPairs } from "./raw.ts";

/** What was said about the response before there is one. */
export class PlannedResponse implements ResponseInfo {
  chosen: number | undefined;
  #headers: Headers | undefined;

  get status(): number {
    return this.chosen ?? 200;
  }

  set status(status: number) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`response.status: expected an integer of 200-599, got ${String(status)}`);
    }
    this.chosen = status;
  }

  get headers(): Headers {
    this.#headers ??= new Headers();
    return this.#headers;
  }

  setCookie(name: string, value: string, options: CookieOptions = {}): void {
    const cookie = { name, value, path: "/", sameSite: "lax" as const, ...options };
    this.headers.append("set-cookie", stringifySetCookie(cookie, { encode: quoted }));
  }

  deleteCookie(name: string, options: Pick<CookieOptions, "path" | "domain"> = {}): void {
    this.setCookie(name, "", { ...options, maxAge: 0, expires: new Date(0) });
  }

  pairs(): HeaderPairs | undefined {
    return this.#headers === undefined ? undefined : [...this.#headers];
  }
}
