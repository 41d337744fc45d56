import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Layered } from "../../app/layer.ts";
import { type AppPart, layeredAt } from "../../app/parts.ts";
import { pathOfUrl } from "../../app/path.ts";
import { describeError } from "../../errors/described-error.ts";
import { HTTPError } from "../../errors/http-error.ts";
import { nextTurn } from "../../errors/timers.ts";
import type { Lanes } from "../../lanes/lanes.ts";
import { tooLargeForLoop } from "../../operation/body.ts";
import type { RawReply } from "../../operation/raw.ts";
import type { HttpRequest } from "../request.ts";
import { type AnswerServices, askedOf, leaveArounds } from "../surrounded-routes.ts";
import { lingerAfter } from "./lingering-close.ts";

/** The services to answer in an app's name where none of its operations does. */
export interface RefusalServices extends AnswerServices {
  /** The app. */
  readonly part: AppPart;
}

/**
 * Answers in an app's name when a path is not there, when a request is refused before an operation is called, or when a
 * plugin throws.
 */
export class Refusals {
  readonly #services: RefusalServices;

  constructor(services: RefusalServices) {
    this.#services = services;
  }

  /** Answers an error the way the app answers errors of its class. */
  refuse(request: FastifyRequest, reply: FastifyReply, thrown: Error): void {
    const { lanes, log } = this.#services;
    if ((thrown as Partial<FastifyError>).code === BODY_TOO_LARGE) logTooLarge(log, request);
    const meant = asHttpError(thrown);
    this.#send(request, reply, async (asked, within) => {
      const raw = await lanes.answerError(meant, asked, within);
      return meant === thrown ? raw : withOriginal(raw, meant, thrown);
    });
  }

  /** Answers with a finished reply. */
  answer(request: FastifyRequest, reply: FastifyReply, raw: RawReply): void {
    this.#send(request, reply, async () => raw);
  }

  #send(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: (asked: HttpRequest, within: Layered) => Promise<RawReply>,
  ): void {
    const { lanes, wayOut } = this.#services;
    const asked = askedOf(request, reply, this.#services);
    const within = this.#layersOf(request);
    const left = leaveArounds(request);
    const run =
      left === undefined
        ? lanes.surround(within, () => answer(asked, within))
        : async () => left.answer(await answer(asked, within));
    void run(asked).then(async (raw) => {
      await keepConnection(request, reply, lanes);
      wayOut.send(asked, raw);
    });
  }

  /** The layers of the requested operation; without one, those of the prefix that the path begins with. */
  #layersOf({ routeOptions, raw }: FastifyRequest): Layered {
    return routeOptions?.config?.operation ?? layeredAt(this.#services.part, pathOfUrl(raw.url ?? "/"));
  }
}

/**
 * Fastify closes the connection after every body that cannot be parsed, since more of it may come. Once the body has
 * arrived whole, closing would only lose the requests that follow on the connection, which are already running. Until it
 * has, its client may be too busy sending to read the answer.
 */
async function keepConnection(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { closing }: Lanes,
): Promise<void> {
  if (!reply.hasHeader("connection")) return;
  // Node's parser runs this between a body's last bytes and its end, which arrive in one packet.
  if (!raw.complete) await nextTurn();
  if (raw.complete) reply.removeHeader("connection");
  else if (!closing) lingerAfter(reply.raw);
}

const BODY_TOO_LARGE = "FST_ERR_CTP_BODY_TOO_LARGE";

function logTooLarge(
  log: Logger,
  { id: reqId, routeOptions: { config, bodyLimit = 0 } }: FastifyRequest,
): void {
  const { operation, maxFormBytes = bodyLimit } = config;
  if (operation === undefined || bodyLimit >= maxFormBytes) return;
  const settings = "its maxBodyBytes or inputs.maxLoopBodyBytes";
  const { code, message } = tooLargeForLoop(operation, `${bodyLimit} bytes`, settings);
  log.warn({ reqId, code, operation: operation.id }, message);
}

/**
 * With what a plugin or a hook threw as the error for the log, in place of the phrase that stands for it. If the app's
 * handler failed, too, the log has both already.
 */
function withOriginal(raw: RawReply, { message }: Error, thrown: Error): RawReply {
  const isSaid = raw.error !== undefined && raw.error.message !== message;
  if (raw.status < 500 || isSaid) return raw;
  const answered = raw.error?.isAnswered === true ? { isAnswered: true as const } : {};
  return { ...raw, error: { ...describeError(thrown), ...answered } };
}

/** What Fastify reads of an error that a plugin or a hook throws. */
interface ErrorWithStatus extends Error {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly headers?: unknown;
}

/**
 * An error of a plugin or a hook that carries a status, as the app's handlers get it, with the original as its cause.
 * Below 500 it says what Fastify would say: its message, and its headers. Above, only the log has them.
 */
function asHttpError(thrown: ErrorWithStatus): Error {
  const status = Number(thrown.statusCode);
  const isStatus = Number.isInteger(thrown.statusCode) && status >= 400 && status <= 599;
  if (!isStatus || thrown instanceof HTTPError) return thrown;
  const isMeant = status < 500 && !isFastifysOwn(thrown);
  const made = isMeant
    ? new HTTPError(status, String(thrown.message) || undefined, headersOf(thrown))
    : new HTTPError(status);
  Object.defineProperty(made, "cause", { value: thrown, configurable: true, writable: true });
  return made;
}

/** Whether Fastify itself refuses the request, such as a body that is too large: the app then answers in its own words. */
function isFastifysOwn({ code }: ErrorWithStatus): boolean {
  return typeof code === "string" && code.startsWith("FST_ERR_"); // those of plugins have a name in between
}

function headersOf({ headers }: ErrorWithStatus): Record<string, string> | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
