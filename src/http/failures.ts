import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { type DescribedError, describeError } from "../errors/described-error.ts";
import { HTTPError, statusPhrase } from "../errors/http-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { detailReply, errorReply } from "../operation/error-reply.ts";
import { writeReply } from "./reply.ts";

/** Answers what Fastify refuses before an operation is asked: a body too large, a path that cannot be decoded. */
export function createFailureHandler(
  log: Logger,
): (error: FastifyError | HTTPError, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    if (error instanceof HTTPError) return writeReply(reply, errorReply(error));
    const status = error.statusCode ?? 500;
    if (status >= 500)
      log.error(
        { reqId: request.id, err: describeError(error) },
        `${request.method} ${request.url} failed: ${error.message}`,
      );
    if (error.code === BODY_TOO_LARGE) logTooLarge(log, request);
    writeReply(reply, detailReply(status, statusPhrase(status), {}));
  };
}

const BODY_TOO_LARGE = "FST_ERR_CTP_BODY_TOO_LARGE";

/** Only who serves the app can do something about a bound that is smaller than it need be. */
function logTooLarge(
  log: Logger,
  { id: reqId, routeOptions: { config, bodyLimit = 0 } }: FastifyRequest,
): void {
  const { operation, maxFormBytes = bodyLimit } = config;
  if (operation === undefined || bodyLimit >= maxFormBytes) return;
  const error = new OffloopError(
    "OFFLOOP_BODY_TOO_LARGE",
    `Cannot parse a body of more than ${bodyLimit} bytes on the event loop for ${operation.id}`,
    {
      at: operation.location,
      fix: "make the operation a plain function, so that a thread parses it, or raise its maxBodyBytes or inputs.maxLoopBodyBytes",
    },
  );
  log.warn({ reqId, code: error.code, operation: operation.id }, error.message);
}

/** Node's HTTP server keeps the response it is writing here, and looks at it for the same reason. */
interface AnsweringSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

/** Answers what is not HTTP, as far as there is someone to answer. */
export function answerClientError(error: NodeJS.ErrnoException, socket: AnsweringSocket): void {
  // It would be read as the answer to the request before this one, or as a part of that answer.
  const response = socket._httpMessage;
  const isAnswering = response != null && (response.headersSent || response.req.complete);
  if (error.code === "ECONNRESET" || !socket.writable || isAnswering) return void socket.destroy();
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const phrase = STATUS_CODES[status];
  const body = JSON.stringify({ detail: phrase });
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Logs an operation's failure. */
export type FailureLog = (request: string, operation: string, error: DescribedError) => void;

/** Under load these come by the thousand: one line a second says as much. */
const FLOODS = new Set(["OFFLOOP_THREADS_BUSY", "OFFLOOP_THREADS_DOWN"]);
const EVERY_MS = 1_000;

/** Makes the log of failed operations: each on its own, but floods of one kind a line a second, with their count. */
export function createFailureLog(log: Logger): FailureLog {
  const floods = new Map<string, { at: number; unsaid: number }>();
  return (request, operation, error) => {
    const { code = "", message } = error;
    if (!FLOODS.has(code))
      return log.error({ reqId: request, operation, err: error }, `${operation} failed: ${message}`);
    const flood = floods.get(code) ?? { at: Number.NEGATIVE_INFINITY, unsaid: 0 };
    floods.set(code, flood);
    const now = performance.now();
    if (now - flood.at < EVERY_MS) return void flood.unsaid++;
    log.warn(
      { code, operation, unsaid: flood.unsaid },
      `${code}: ${message}${flood.unsaid === 0 ? "" : `; and ${flood.unsaid} more since the last line`}`,
    );
    floods.set(code, { at: now, unsaid: 0 });
  };
}
