import { hash, timingSafeEqual } from "node:crypto";
import type { ServerResponse } from "node:http";
import { BlockList, isIP } from "node:net";
import { Collector } from "./collector.ts";
import { EventStream } from "./event-stream.ts";

/** How the inspector is opened. */
interface InspectorOptions {
  /** Of the app. */
  readonly title: string;
  /** With one, it answers whoever knows it; without one, this machine only. */
  readonly token: string | undefined;
}

/** What watches the lanes of a server, and tells its pages. */
export interface Inspector {
  judge(visitor: Visitor): Access;
  /** Whether one page more may be told. */
  readonly hasRoom: boolean;
  /** Tells a page what happens, until it goes. */
  tell(response: ServerResponse): void;
  /** Ends the pages' streams and stops to listen. */
  close(): void;
}

/** Starts to listen to the channels. */
export function openInspector({ title, token }: InspectorOptions): Inspector {
  const collector = new Collector();
  const stream = new EventStream(collector, title);
  return {
    judge: (visitor) => judgeVisitor(visitor, token),
    get hasRoom() {
      return stream.hasRoom;
    },
    tell: (response) => stream.add(response),
    close: () => {
      stream.close();
      collector.close();
    },
  };
}

/** Who asks, as far as access depends on it. */
export interface Visitor {
  /** The other end of the connection. */
  readonly address: string | undefined;
  /** The `Host` header. */
  readonly host: string | undefined;
  /** Whether a proxy says that it asks for someone else. */
  readonly forwarded: boolean;
  /** The token in the URL. */
  readonly token: string | undefined;
  /** The value of the inspector's cookie. */
  readonly cookie: string | undefined;
}

/** `cookie`: shown the token, the visitor gets this cookie instead. */
type Access =
  | { readonly granted: true; readonly cookie: string | undefined }
  | { readonly granted: false; readonly status: 401 | 403; readonly reason: string };

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Whether the visitor may see the inspector. Without a token: this machine only, and only under its own name, since a
 * page elsewhere may point a name of its own at 127.0.0.1 (DNS rebinding). With a token: whoever shows it.
 */
export function judgeVisitor(visitor: Visitor, token: string | undefined): Access {
  return token === undefined ? judgeByAddress(visitor) : judgeByToken(visitor, token);
}

function judgeByAddress({ address, host, forwarded }: Visitor): Access {
  if (address === undefined || !isLoopback(address) || forwarded)
    return refuse(
      403,
      "The inspector answers this machine only. To open it from elsewhere, give it a token.",
    );
  if (!isOwnName(host))
    return refuse(403, "The inspector answers as localhost, 127.0.0.1 or [::1] only, unless it has a token.");
  return { granted: true, cookie: undefined };
}

function judgeByToken({ token: shown, cookie }: Visitor, token: string): Access {
  // The cookie is not the token itself, so that who finds the one does not know the other.
  const expected = digest(`cookie ${token}`).toString("base64url");
  if (cookie !== undefined && equal(cookie, expected)) return { granted: true, cookie: undefined };
  if (shown !== undefined && equal(shown, token)) return { granted: true, cookie: expected };
  return refuse(401, "The inspector asks for its token: open it once as /_offloop?token=...");
}

function refuse(status: 401 | 403, reason: string): Access {
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
