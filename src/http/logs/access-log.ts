import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { pathOfUrl } from "../../app/path.ts";
import type { UnreadRequest } from "../connections/connections.ts";
import { endOf } from "../request-end.ts";
import { closingOfSocket } from "../sockets/handshake.ts";
import { Flood, moreText } from "./flood.ts";
import { gatherLines } from "./log-output.ts";
import type { LoggedUrls } from "./logged-url.ts";

/** Whether a path is one of these, or below one that ends with `/*`. */
function matcherOf(paths: readonly string[]): (url: string) => boolean {
  const exact = new Set(paths);
  const prefixes = paths.flatMap((path) => (path.endsWith("/*") ? path.slice(0, -1) : []));
  return (url) => {
    if (exact.size === 0) return false;
    const path = pathOfUrl(url);
    return exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
  };
}

/**
 * Logs what arrived but was not a request, never its content: one line per second and kind, since nothing bounds how
 * much of it arrives.
 */
export function logUnread(log: Logger): (unread: UnreadRequest) => void {
  const flood = new Flood();
  return ({ status, code, client, bytes }) => {
    const unsaid = flood.admit(code);
    if (unsaid === undefined) return;
    log.info(
      { status, code, client, bytes, unsaid },
      `malformed request: ${status} (${code})${moreText(unsaid)}`,
    );
  };
}

const remarks = {
  sent: "",
  gone: ", the client has gone",
  broken: ", its stream broke off",
  cut: ", ended by the shutdown",
};

/** Where a request ended without its whole answer, whose doing that was. */
const fields = { sent: {}, gone: { clientGone: true }, broken: { brokeOff: true }, cut: { shutdown: true } };

/** Fields that requests have added to their lines, by response. */
const added = new WeakMap<object, object>();

/** Adds fields to the line that a response will have, in the place of those added before. */
export function addToLine(response: object, fields: object): void {
  added.set(response, fields);
}

/** What log lines are made with. */
interface AccessLogParts {
  readonly urls: LoggedUrls;
  /** Paths that get no line. */
  readonly skipPaths: readonly string[];
  /** Names the span of a request; undefined when nothing collects spans. */
  readonly trace: ((request: object) => object) | undefined;
}

/** Observes a request from when its head has been read, until it is over. */
export type ObserveRequest = (request: FastifyRequest, reply: FastifyReply) => void;

/** Returns what logs a line for each request once its response has been sent or its client has gone. */
export function createAccessLog(log: Logger, { urls, skipPaths, trace }: AccessLogParts): ObserveRequest {
  const isSkipped = matcherOf(skipPaths);
  return (request, { raw }) => {
    const { operation, unlogged } = request.routeOptions.config ?? {}; // none where the URL cannot be decoded
    if (unlogged || isSkipped(request.url)) return;
    const start = performance.now();
    // Fastify does not call its own hook for a client that goes away.
    const write = (closeCode?: number): void => {
      const { method } = request;
      const url = urls.of(request.originalUrl, operation);
      const isSocket = closeCode !== undefined;
      const ms = Math.round((performance.now() - start) * 1000) / 1000;
      const { status, outcome } = endOf(raw);
      const line = {
        reqId: request.id,
        ...added.get(raw),
        method,
        url,
        status,
        ms,
        lane: operation?.lane,
        closeCode,
        ...fields[outcome],
        ...trace?.(request.raw),
      };
      const remark = isSocket ? `, closed with ${closeCode}` : remarks[outcome];
      gatherLines(() => log.info(line, `${method} ${url} ${status}${remark}`));
    };
    raw.once("close", () => {
      const closing = closingOfSocket(raw);
      if (closing === undefined) write();
      else void closing.then(({ code }) => write(code));
    });
  };
}
