import { parseCookie, stringifySetCookie } from "cookie";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { OffloopError } from "../../errors/offloop-error.ts";
import {
  type Access,
  judgeCaller,
  judgeListener,
  MARK_HEADER,
  type Refusal,
} from "../../inspector/access.ts";
import type { PoolState } from "../../inspector/batch.ts";
import { listPageFiles, pageName } from "../../inspector/files.ts";
import { type Inspector, openInspector } from "../../inspector/inspector.ts";
import type { ThreadPool } from "../../threads/pool/pool.ts";
import { type InspectedApp, jobRoutes } from "./inspector-jobs.ts";
import { sendKept } from "./kept-file.ts";

/** `true`: for this machine only. With a token: for anyone who has it. */
export type InspectorSetting = true | { readonly token: string };

/** Where the page is. */
export const INSPECTOR_PATH = "/_offloop";
const COOKIE = "offloop_inspector";
const MIN_TOKEN_LENGTH = 16;

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/** The server being inspected. */
export interface InspectedServer extends InspectedApp {
  /** Undefined when nothing runs on threads. */
  readPool(): ThreadPool | undefined;
  readonly maxThreads: number;
}

/** An inspector that a server has or is about to have. */
export interface ServedInspector {
  /** Adds its routes. A path that an operation answers stays with the operation. */
  addTo(fastify: FastifyInstance, inspected: InspectedServer): void;
  /** The address to view a request at: a full URL once it is known where the server listens. */
  addressOf(request: string): string;
  /** From now on addresses are full URLs. */
  listensAt(url: string): void;
  close(): void;
}

/**
 * Opens the requested inspector before anything happens that it shows.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when its token could be guessed.
 */
export function serveInspector(title: string, setting: InspectorSetting): ServedInspector {
  const token = setting === true ? undefined : setting.token;
  if (setting !== true && (typeof token !== "string" || token.length < MIN_TOKEN_LENGTH))
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use inspector.token: expected at least ${MIN_TOKEN_LENGTH} characters, got ${String(token?.length ?? typeof token)}`,
      { fix: "choose one that nobody can guess: openssl rand -hex 16" },
    );
  const inspector = openInspector({ title, token });
  let origin = "";
  return {
    addTo: (fastify, inspected) => {
      inspector.watchPool(() => poolState(inspected));
      addRoutes(fastify, inspector, inspected);
    },
    addressOf: (request) => `${origin}${INSPECTOR_PATH}#request=${encodeURIComponent(request)}`,
    listensAt: (url) => {
      origin = url;
    },
    close: () => inspector.close(),
  };
}

function poolState({ readPool, maxThreads: max }: InspectedServer): PoolState | undefined {
  const pool = readPool();
  if (pool === undefined) return undefined;
  const { request, background } = pool.oldestWaitMs;
  const { busy, waiting } = pool.size;
  return { busy, waiting, max, oldestMs: Math.round(Math.max(request, background)) };
}

function addRoutes(fastify: FastifyInstance, inspector: Inspector, inspected: InspectedApp): void {
  const add = ({ method, path, handler, by = "visitor" }: InspectorRoute): void => {
    const url = INSPECTOR_PATH + path;
    if (fastify.hasRoute({ method, url })) return;
    const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      if (by === "visitor" ? admit(inspector, request, reply) : admitCaller(by, inspector, request, reply))
        done();
    };
    const config = { unlogged: true, isForOperators: true };
    fastify.route({ method, url, onRequest, handler, bodyLimit: MAX_BODY_BYTES, config });
  };
  add({
    method: "GET",
    path: "/events",
    by: "listener",
    handler: (_request, reply) => {
      if (!inspector.hasRoom) return reply.code(503).type("text/plain").send("Too many pages are open.");
      reply.hijack();
      inspector.tell(reply.raw);
    },
  });
  for (const file of listPageFiles())
    add({ method: "GET", path: file.name === pageName ? "" : `/${file.name}`, handler: sendKept(file) });
  for (const route of jobRoutes(inspected)) add({ ...route, by: "script" });
  // A stream never ends by itself, and the server waits for every response.
  fastify.addHook("preClose", async () => inspector.close());
}

/** The inspector is only ever sent the ids of jobs. */
const MAX_BODY_BYTES = 65_536;

/** A route of the inspector. */
interface InspectorRoute {
  readonly method: "GET" | "POST";
  /** Relative to the inspector's own path. */
  readonly path: string;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown;
  /** Who may ask: a visitor, only the page's script, or the browser on behalf of the page. Default visitor. */
  readonly by?: "visitor" | Caller;
}

type Caller = "script" | "listener";

/** Returns whether the visitor may proceed; otherwise the request has been answered. */
function admit(inspector: Inspector, request: FastifyRequest, reply: FastifyReply): boolean {
  const url = new URL(request.raw.url ?? INSPECTOR_PATH, "http://localhost");
  const access = judge(inspector, request, url.searchParams.get("token") ?? undefined);
  reply.headers(headers);
  if (!access.granted) return refuse(reply, access);
  if (access.cookie === undefined && !url.searchParams.has("token")) return true;
  if (access.cookie !== undefined) reply.header("set-cookie", cookieOf(access.cookie));
  // Relative, since a proxy may have put something before the path. The token leaves the address bar.
  reply.redirect(url.pathname.slice(url.pathname.lastIndexOf("/") + 1), 303);
  return false;
}

/**
 * The same check for what the page requests once it is loaded. By then it has the cookie: a token
 * in the URL does not count.
 */
function admitCaller(
  by: Caller,
  inspector: Inspector,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  reply.headers({ ...headers, "cache-control": "no-store" });
  const access = judge(inspector, request, undefined);
  if (!access.granted) return refuse(reply, access);
  const { headers: sent, method } = request.raw;
  const listener = { origin: sent.origin, site: headerOf(sent["sec-fetch-site"]), host: sent.host };
  const mark = headerOf(sent[MARK_HEADER]);
  const caller =
    by === "listener"
      ? judgeListener(listener)
      : judgeCaller({ ...listener, mark, changes: method !== "GET" });
  return caller.granted || refuse(reply, caller);
}

function judge(inspector: Inspector, { raw }: FastifyRequest, token: string | undefined): Access {
  const { headers: sent, socket } = raw;
  return inspector.judge({
    address: socket.remoteAddress,
    host: sent.host,
    forwarded: ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"].some((name) => name in sent),
    token,
    cookie: parseCookie(sent.cookie ?? "")[COOKIE],
  });
}

function refuse(reply: FastifyReply, { status, reason }: Refusal): false {
  reply.code(status).type("text/plain; charset=utf-8").send(`${reason}\n`);
  return false;
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

function cookieOf(value: string): string {
  return stringifySetCookie({ name: COOKIE, value, path: "/", httpOnly: true, sameSite: "lax" });
}
