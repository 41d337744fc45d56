import { Readable } from "node:stream";
import type { errorCodes, FastifyInstance, FastifyRequest, preParsingHookHandler } from "fastify";
import { HTTPError } from "../../errors/http-error.ts";
import { lacksName } from "../routes.ts";
import { listed } from "../surrounded-routes.ts";
import { Pieces } from "./pieces.ts";

const BODYLESS = new Set<string>(["GET", "HEAD", "TRACE"]);

/**
 * Has bodies handed over as bytes, and decides, once a request has been routed, whether to wait for one. Fastify reads
 * none of a GET: routes that take no body get no such hook, since it costs each request something.
 */
export function passBodies(fastify: FastifyInstance, errors: BodyErrors): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", (request: FastifyRequest, payload: Payload, done) => {
    refusePacked(request, payload);
    readWhole(request, payload, errors, done);
  });
  fastify.addHook("onRoute", (route) => {
    if (listed(route.method).every((method) => BODYLESS.has(method))) return;
    route.preParsing = [passBody, ...listed(route.preParsing)];
  });
}

/** Fastify's errors for bodies that cannot be read: plugins may know them. */
export type BodyErrors = Pick<
  typeof errorCodes,
  "FST_ERR_CTP_BODY_TOO_LARGE" | "FST_ERR_CTP_INVALID_CONTENT_LENGTH"
>;

/** What a body is read from: the request, or what a plugin made of it. */
interface Payload extends Readable {
  /** The length as it was sent, where a plugin has decoded it. */
  readonly receivedEncodedLength?: number;
}

type Done = (error: Error | null, body?: Buffer) => void;

/** Reads a body as a whole, as Fastify does, but keeps it in few pieces, however it is sent. */
function readWhole(
  { headers, routeOptions: { bodyLimit = 0 } }: FastifyRequest,
  payload: Payload,
  errors: BodyErrors,
  done: Done,
): void {
  const announced = Number(headers["content-length"]);
  if (announced > bodyLimit) return void done(new errors.FST_ERR_CTP_BODY_TOO_LARGE());
  let first: Buffer | undefined;
  let others: Pieces | undefined;
  let length = 0;
  const end = (error: Error | null, body?: Buffer): void => {
    payload.off("data", onData).off("end", onEnd).off("error", onError);
    done(error, body);
  };
  const onData = (given: Buffer | string): void => {
    const piece = typeof given === "string" ? Buffer.from(given) : given;
    length += piece.length;
    if (length > bodyLimit || (payload.receivedEncodedLength ?? 0) > bodyLimit)
      return void end(new errors.FST_ERR_CTP_BODY_TOO_LARGE());
    if (first === undefined) first = piece;
    else {
      others ??= new Pieces();
      others.add(piece);
    }
  };
  const onEnd = (): void => {
    const sent = payload.receivedEncodedLength || length;
    if (announced >= 0 && sent !== announced)
      return void end(new errors.FST_ERR_CTP_INVALID_CONTENT_LENGTH());
    // A copy, also of a single piece: that lies in what was read of the connection.
    end(null, Buffer.concat(first === undefined ? [] : [first, ...(others?.take() ?? [])], length));
  };
  const onError = (error: Error & { statusCode?: unknown }): void => {
    if (!(typeof error.statusCode === "number" && error.statusCode >= 400)) error.statusCode = 400;
    end(error);
  };
  payload.on("data", onData).on("end", onEnd).on("error", onError).resume();
}

const PLAIN = /^\s*(?:identity\s*)?$/i;

/**
 * Refuses a body whose coding nobody undoes, where it would be parsed: its bytes would be taken for malformed JSON, or
 * for a form without fields.
 *
 * @param payload - What the body is read from: not the request itself, where a plugin has unpacked it.
 * @throws {HTTPError} 415 (RFC 9110, section 15.5.16).
 */
export function refusePacked({ raw, headers, routeOptions }: FastifyRequest, payload: Readable): void {
  const { parsesBody, readsForm } = routeOptions.config;
  const isParsed = parsesBody === true || readsForm === true;
  if (!isParsed || payload !== raw || PLAIN.test(headers["content-encoding"] ?? "")) return;
  throw new HTTPError(415, "Unsupported Content-Encoding", { "Accept-Encoding": "identity" });
}

/** Replaces headers that announce a body. */
const noBody = { "content-type": undefined, "content-length": undefined, "transfer-encoding": undefined };

/** What Fastify reads as bytes. */
const asBytes = { "content-type": "application/octet-stream" };

/** RFC 9110, section 8.3.1: a type and a subtype, and perhaps parameters. */
const MEDIA_TYPE = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/;

/** The hook of all other routes, and of what answers where there is none. */
export const passBody: preParsingHookHandler = (request, _reply, payload, done) => {
  // Where no route matches, the body is not read. Node discards it once the answer has been sent.
  if (isNotFound(request)) {
    // Of a QUERY Fastify demands a type, even where nothing reads it.
    const isQuery = request.method === "QUERY";
    request.headers = { ...noBody, ...(isQuery ? asBytes : {}) };
    return done(null, isQuery ? Readable.from([]) : payload);
  }
  const { "content-type": type } = request.headers;
  // Fastify refuses a body of no type at all, such as "json", which is read like one of any other type.
  if (type !== undefined && !MEDIA_TYPE.test(type)) request.headers = { ...asBytes };
  // node:http creates no stream for a body without a length. Where a type is given Fastify would wait for the body,
  // and nothing would come.
  const isNeverEnded = payload.readableEnded && type !== undefined;
  done(null, isNeverEnded ? Readable.from([]) : payload);
};

function isNotFound({ is404, routeOptions, params }: FastifyRequest): boolean {
  const { operation, isClosedOff = false } = routeOptions.config;
  return is404 || isClosedOff || (operation !== undefined && lacksName(params as Record<string, string>));
}
