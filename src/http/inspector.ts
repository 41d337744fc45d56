import { parseCookie, stringifySetCookie } from "cookie";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { OffloopError } from "../errors/offloop-error.ts";
import { listPageFiles, pageName } from "../inspector/files.ts";
import { type Inspector, openInspector } from "../inspector/inspector.ts";
import { sendKept } from "./asset.ts";

/** `true`: for this machine only. With a token: for whoever knows it. */
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

/** An inspector that a server has, or is about to have. */
export interface ServedInspector {
  /** Adds its routes. A path that an operation answers stays the operation's. */
  addTo(fastify: FastifyInstance): void;
  close(): void;
}

/**
 * Opens the inspector that was asked for, before anything happens that it shows.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when its token could be guessed.
 */
export function serveInspector(title: string, setting: InspectorSetting): ServedInspector {
  const token = setting === true ? undefined : setting.token;
  if (setting !== true && (typeof token !== "string" || token.length < MIN_TOKEN_LENGTH))
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use inspector.token: expected at least ${MIN_TOKEN_LENGTH} characters, got ${String(token?.length ?? typeof token)}`,
      { fix: "take one that nobody guesses: openssl rand -hex 16" },
    );
  const inspector = openInspector({ title, token });
  return { addTo: (fastify) => addRoutes(fastify, inspector), close: () => inspector.close() };
}

function addRoutes(fastify: FastifyInstance, inspector: Inspector): void {
  const add = (url: string, handler: Handler): void => {
    if (fastify.hasRoute({ method: "GET", url })) return;
    const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      if (admit(inspector, request, reply)) done();
    };
    fastify.route({
      method: "GET",
      url,
      onRequest,
      handler,
      config: { unlogged: true, isForOperators: true },
    });
  };
  add(`${INSPECTOR_PATH}/events`, (_request, reply) => {
    if (!inspector.hasRoom) return reply.code(503).type("text/plain").send("Too many pages are open.");
    reply.hijack();
    inspector.tell(reply.raw);
  });
  for (const file of listPageFiles())
    add(file.name === pageName ? INSPECTOR_PATH : `${INSPECTOR_PATH}/${file.name}`, sendKept(file));
  // A stream never ends by itself, and the server waits for every response.
  fastify.addHook("preClose", async () => inspector.close());
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Whether the visitor may go on; otherwise it has been answered. */
function admit(inspector: Inspector, request: FastifyRequest, reply: FastifyReply): boolean {
  const { headers: sent, socket } = request.raw;
  const url = new URL(request.raw.url ?? INSPECTOR_PATH, "http://localhost");
  const access = inspector.judge({
    address: socket.remoteAddress,
    host: sent.host,
    forwarded: ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"].some((name) => name in sent),
    token: url.searchParams.get("token") ?? undefined,
    cookie: parseCookie(sent.cookie ?? "")[COOKIE],
  });
  reply.headers(headers);
  if (!access.granted) {
    reply.code(access.status).type("text/plain; charset=utf-8").send(`${access.reason}\n`);
    return false;
  }
  if (access.cookie === undefined && !url.searchParams.has("token")) return true;
  if (access.cookie !== undefined) reply.header("set-cookie", cookieOf(access.cookie));
  // Relative, as a proxy may have put something before the path. The token leaves the address bar.
  reply.redirect(url.pathname.slice(url.pathname.lastIndexOf("/") + 1), 303);
  return false;
}

function cookieOf(value: string): string {
  return stringifySetCookie({ name: COOKIE, value, path: "/", httpOnly: true, sameSite: "lax" });
}
