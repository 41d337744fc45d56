import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import type { Signer } from "@fastify/cookie";
import { stringifySetCookie } from "cookie";
import type { Inputs } from "../app/inputs.ts";
import { clearSession, type ResolvedSession, SESSION_FIX, type Session } from "../app/session.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { acceptedSession } from "./declared-session.ts";
import { type HeaderPairs, type RawReply, type RawRequest, readCookies } from "./raw.ts";

/** Browsers store no cookie whose name and value together are longer: RFC 6265bis, 5.6. */
const MAX_BYTES = 4_096;
const EMPTY = "{}";

/** A session as read from its cookie. */
interface Kept {
  /** As JSON; undefined when there is no valid cookie. */
  readonly text: string | undefined;
  /** Whether a cookie was sent at all. */
  readonly isSent: boolean;
  /**
   * Whether to write it again although nothing has changed: it is signed with an old secret, or
   * half its lifetime is over.
   */
  readonly isOld: boolean;
}

/** Reads and writes the cookie that holds a session: `<JSON in base64url>.<seconds, base 36>.<signature>`. */
export class SessionCookie {
  readonly #settings: ResolvedSession;
  readonly #signer: Signer;

  constructor(settings: ResolvedSession) {
    this.#settings = settings;
    const { Signer: create } = createRequire(import.meta.url)("@fastify/cookie/signer.js") as {
      readonly Signer: new (secrets: Buffer[]) => Signer;
    };
    // A value that the same secret signed for another cookie must not pass for a session.
    this.#signer = new create(
      settings.secrets.map((secret) =>
        createHmac("sha256", secret).update(`session ${settings.cookie}`).digest(),
      ),
    );
  }

  read(request: RawRequest): Kept {
    const sent = readCookies(request)[this.#settings.cookie];
    const isSent = sent !== undefined;
    const { valid, value, renew } = this.#signer.unsign(sent ?? "");
    const [payload = "", time = ""] = (valid && value?.split(".")) || [];
    const ageMs = Date.now() - Number.parseInt(time, 36) * 1_000;
    if (!(ageMs <= this.#settings.maxAgeMs)) return { text: undefined, isSent, isOld: false };
    const text = Buffer.from(payload, "base64url").toString();
    return { text, isSent, isOld: renew || ageMs > this.#settings.maxAgeMs / 2 };
  }

  /** @throws {OffloopError} `OFFLOOP_SESSION_TOO_LARGE`. */
  written(text: string, operation: string): string {
    const { cookie, maxAgeMs } = this.#settings;
    const time = Math.floor(Date.now() / 1_000).toString(36);
    const value = this.#signer.sign(`${Buffer.from(text).toString("base64url")}.${time}`);
    const bytes = cookie.length + value.length;
    if (bytes > MAX_BYTES) throw tooLarge(operation, bytes, text);
    return this.#text(value, Math.floor(maxAgeMs / 1_000));
  }

  deleted(): string {
    return this.#text("", 0);
  }

  #text(value: string, maxAge: number): string {
    const { cookie: name, path, domain, sameSite, secure } = this.#settings;
    const expires = maxAge === 0 ? { expires: new Date(0) } : {};
    const options = { path, sameSite, secure, httpOnly: true, maxAge, ...expires };
    return stringifySetCookie(
      { name, value, ...options, ...(domain === undefined ? {} : { domain }) },
      { encode: String },
    );
  }
}

function tooLarge(operation: string, bytes: number, text: string): OffloopError {
  const largest = Object.entries(JSON.parse(text) as Session)
    .map(([key, value]) => [key, JSON.stringify(value)?.length ?? 0] as const)
    .toSorted(([, a], [, b]) => b - a)[0]?.[0];
  return new OffloopError(
    "OFFLOOP_SESSION_TOO_LARGE",
    `Cannot keep the session of ${operation}: its cookie would have ${bytes} bytes, of which browsers keep ${MAX_BYTES}; its largest key is ${JSON.stringify(largest)}`,
    { fix: "keep an id in the session, and the rest in a database" },
  );
}

/** What a lane provides for sessions. */
export interface SessionLane {
  readonly inThread: boolean;
  /** Undefined where the app keeps no sessions. */
  readonly sessions: SessionCookie | undefined;
}

/** The state of a session, as it is passed on between lanes. */
export interface SessionState {
  /** As JSON. */
  readonly text: string;
  /** The same before the app changed it. */
  readonly before: string;
}

/** The session of one request, opened when it is first read. */
export class OpenSession {
  data: Session;
  readonly #cookie: SessionCookie;
  readonly #kept: Kept;
  #before: string;

  constructor(cookie: SessionCookie, request: RawRequest) {
    this.#cookie = cookie;
    this.#kept = cookie.read(request);
    this.#before = this.#kept.text ?? EMPTY;
    this.data = JSON.parse(this.#before) as Session;
  }

  get state(): SessionState {
    return { text: this.#text, before: this.#before };
  }

  /** Takes over the state in which another lane has left it. */
  take({ text, before }: SessionState): void {
    clearSession(this.data);
    Object.assign(this.data, JSON.parse(text));
    this.#before = before;
  }

  /**
   * Validates the part of it that is declared. Values that do not fit, such as those kept by another release, are
   * dropped. The rest is left alone: other operations may have written it.
   *
   * @throws {HTTPError} 401 when something required is missing.
   */
  accept(declared: NonNullable<Inputs["session"]>): void {
    const isChanged = this.#isChanged;
    const accepted = acceptedSession(declared, this.data);
    if (Object.isFrozen(this.data)) {
      this.data = Object.freeze(accepted);
      return;
    }
    clearSession(this.data);
    Object.assign(this.data, accepted);
    // A default that was filled in, or a key that was dropped, is not a change by the app.
    if (!isChanged) this.#before = this.#text;
  }

  /** Freezes it, since later changes would be lost. */
  end(): void {
    Object.freeze(this.data);
  }

  /** Ends a session that nobody has received yet: nested values cannot be changed either. */
  endUnseen(): void {
    this.data = JSON.parse(this.#text, (_, value: unknown) => Object.freeze(value)) as Session;
  }

  /** The headers that the response needs for it. */
  seal(operation: string): HeaderPairs {
    this.end();
    const text = this.#text;
    const vary = ["vary", "Cookie"] as const;
    if (text === EMPTY) return this.#kept.isSent ? [vary, ["set-cookie", this.#cookie.deleted()]] : [vary];
    if (!this.#isChanged && !this.#kept.isOld) return [vary];
    return [vary, ["set-cookie", this.#cookie.written(text, operation)]];
  }

  get #text(): string {
    return JSON.stringify(this.data);
  }

  get #isChanged(): boolean {
    return this.#text !== this.#before;
  }
}

/** Adds a session's headers to a reply. After an error of the app's own the session stays unchanged. */
export function withSession(reply: RawReply, session: OpenSession, operation: string): RawReply {
  if (reply.error !== undefined) return reply;
  const headers = [...(reply.headers ?? []), ...session.seal(operation)];
  const vary = headers.filter(([name]) => name.toLowerCase() === "vary");
  if (vary.length < 2) return { ...reply, headers };
  const all = vary.map(([, value]) => value).join(", ");
  return {
    ...reply,
    headers: [...headers.filter(([name]) => name.toLowerCase() !== "vary"), ["vary", all]],
  };
}

/** The error for a session where the app keeps none. */
export function sessionUnset(operation: string, at?: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_SESSION_UNSET",
    `Cannot give ${operation} a session: the app has no session settings`,
    { at, fix: SESSION_FIX },
  );
}
