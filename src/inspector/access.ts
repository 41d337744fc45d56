import { hash, timingSafeEqual } from "node:crypto";
import { BlockList, isIP } from "node:net";

/** The properties of a visitor that access depends on. */
export interface Visitor {
  /** The other end of the connection. */
  readonly address: string | undefined;
  /** The `Host` header. */
  readonly host: string | undefined;
  /** Whether a proxy says that it acts for someone else. */
  readonly forwarded: boolean;
  /** The token in the URL. */
  readonly token: string | undefined;
  /** The value of the inspector's cookie. */
  readonly cookie: string | undefined;
}

/** `cookie`: a visitor who has presented the token gets this cookie to use instead. */
export type Access = { readonly granted: true; readonly cookie: string | undefined } | Refusal;

/** Why a visitor is refused. */
export interface Refusal {
  readonly granted: false;
  readonly status: 401 | 403;
  readonly reason: string;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Whether the visitor may see the inspector. Without a token: this machine only, and only under its own name, since a
 * foreign page may point a name of its own at 127.0.0.1 (DNS rebinding). With a token: anyone who sends it.
 */
export function judgeVisitor(visitor: Visitor, token: string | undefined): Access {
  return token === undefined ? judgeByAddress(visitor) : judgeByToken(visitor, token);
}

function judgeByAddress({ address, host, forwarded }: Visitor): Access {
  if (address === undefined || !isLoopback(address) || forwarded)
    return refuse(403, "The inspector answers only this machine. To open it from elsewhere, set a token.");
  if (!isOwnName(host))
    return refuse(403, "The inspector answers as localhost, 127.0.0.1 or [::1] only, unless it has a token.");
  return { granted: true, cookie: undefined };
}

function judgeByToken({ token: shown, cookie }: Visitor, token: string): Access {
  // The cookie is not the token itself, so that a stolen cookie does not reveal the token.
  const expected = digest(`cookie ${token}`).toString("base64url");
  if (cookie !== undefined && equal(cookie, expected)) return { granted: true, cookie: undefined };
  if (shown !== undefined && equal(shown, token)) return { granted: true, cookie: expected };
  return refuse(401, "The inspector needs its token: open /_offloop?token=... once");
}

/** What a request says about the page that sent it. */
export interface Caller {
  /**
   * The `Origin` header: browsers send it with every request that may change something, and with
   * every cross-origin request.
   */
  readonly origin: string | undefined;
  /** The `Sec-Fetch-Site` header, if the browser supports it. */
  readonly site: string | undefined;
  /** The `Host` header. */
  readonly host: string | undefined;
  /** The inspector's own header: a form cannot send one, and a script on another site must ask permission first. */
  readonly mark: string | undefined;
  /** Whether the request changes something. */
  readonly changes: boolean;
}

/** What a request for the event stream says. No script can add a header to it: the browser connects by itself. */
export type Listener = Pick<Caller, "origin" | "site" | "host">;

/**
 * Whether the request comes from the inspector's own page, and not from another site in the visitor's browser. What
 * plugins of the app allow to other origins does not count.
 */
export function judgeCaller({ mark, changes, ...listener }: Caller): Access {
  if (mark === undefined)
    return refuse(403, `Send the header ${MARK_HEADER}: 1, which no form of another site can send.`);
  const access = judgeListener(listener);
  if (access.granted && changes && listener.origin === undefined)
    return refuse(403, "Send the header Origin: it says which page asks.");
  return access;
}

/** The same for requests that only read, which the browser itself may send without the inspector's header. */
export function judgeListener({ origin, site, host }: Listener): Access {
  if (site !== undefined && site !== "same-origin")
    return refuse(403, "This request comes from another site: only the inspector's own page may send it.");
  // Where the browser vouches for the request, a proxy may have changed the host.
  if (origin !== undefined && site === undefined && !isOriginOf(origin, host))
    return refuse(403, "This request comes from another origin: only the inspector's own page may send it.");
  return { granted: true, cookie: undefined };
}

/** The header that marks a request as sent by a script. */
export const MARK_HEADER = "x-offloop-inspector";

function isOriginOf(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function refuse(status: 401 | 403, reason: string): Refusal {
  return { granted: false, status, reason };
}

function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? "ipv6" : "ipv4");
}

function isOwnName(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, "").toLowerCase() ?? "";
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return isLoopback(name.startsWith("[") ? name.slice(1, -1) : name);
}

function equal(shown: string, expected: string): boolean {
  return timingSafeEqual(digest(shown), digest(expected));
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
