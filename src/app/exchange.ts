/** Who sent the request. */
export interface ClientAddress {
  /** The address the connection comes from; the client's own, where a proxy in front is trusted with `trustProxy`. */
  readonly host: string;
  /** Its port; 0 when a proxy told the address. */
  readonly port: number;
}

/** The request as it came, for what is not declared. */
export interface RequestInfo {
  /** Its number in the log. */
  readonly id: string;
  /** Its method, in capitals. */
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** What clients put before the app's own paths: its `rootPath`, then the path it is mounted at. Empty for none. */
  readonly rootPath: string;
  /** All headers, as sent. */
  readonly headers: Headers;
  /** All cookies, by name. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** The body's bytes as sent; empty when there were none, or when they were read as an uploaded form. */
  readonly bytes: Uint8Array;
  /** Where the connection comes from. */
  readonly client: ClientAddress;
}

/** Attributes of a cookie that is set. */
export interface CookieOptions {
  /** How long it lives, in seconds. Default: until the browser closes. */
  readonly maxAge?: number;
  /** When it ends. Default: when the browser closes. */
  readonly expires?: Date;
  /** The path it is sent for, with those below. Default `"/"`. */
  readonly path?: string;
  /** The domain it is sent to, with those below. Default: the host that sets it. */
  readonly domain?: string;
  /** Whether it is sent over HTTPS only. Default false. */
  readonly secure?: boolean;
  /** Whether it is hidden from scripts. Default false. */
  readonly httpOnly?: boolean;
  /** Whether it goes along with requests from other sites. Default `"lax"`. */
  readonly sameSite?: "lax" | "strict" | "none";
}

/** The response to be: set before the handler returns. */
export interface ResponseInfo {
  /** Its status, 200-599. Default: the operation's `status`, or 200. */
  status: number;
  /** Its headers. `content-type` and `content-length` are set after the handler. */
  readonly headers: Headers;
  /** Sets a cookie: Starlette's `set_cookie`. */
  setCookie(name: string, value: string, options?: CookieOptions): void;
  /** Has the client forget a cookie; path and domain must be those it was set with. */
  deleteCookie(name: string, options?: Pick<CookieOptions, "path" | "domain">): void;
}
