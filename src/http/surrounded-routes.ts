import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { type AppPart, layeredAt, servedArounds } from "../app/parts.ts";
import { pathOfUrl } from "../app/path.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { emptyReply, isWhole, type RawReply } from "../operation/raw.ts";
import { HttpRequest, type ServedApp } from "./request.ts";
import type { WayOut } from "./way-out.ts";

/** The services to answer where no operation does. */
export interface AnswerServices extends ServedApp {
  readonly lanes: Lanes;
  readonly wayOut: WayOut;
}

/** A request that no operation answers; what goes wrong with it is that of the operation it asks for, if there is one. */
export function askedOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { log, rootPath, trustsProxy }: AnswerServices,
): HttpRequest {
  const id = request.method;
  return new HttpRequest(request, reply, {
    id,
    operation: request.routeOptions?.config?.operation,
    hasParams: false,
    isSeen: true,
    rootPath,
    trustsProxy,
    log,
  });
}

/** A request of a route that no operation answers, currently inside arounds. */
interface Entered {
  readonly asked: HttpRequest;
  /** Passes on the route's answer, once; resolves with what to send. */
  answer(raw: RawReply): Promise<RawReply>;
}

/** Requests that arounds have let in and that are not answered yet. */
const entered = new WeakMap<FastifyRequest, Entered>();

/** Takes a request out of the arounds it is inside, if any: the caller then answers it through them. */
export function leaveArounds(request: FastifyRequest): Entered | undefined {
  const found = entered.get(request);
  entered.delete(request);
  return found;
}

/**
 * Puts the arounds of an app, and of the apps mounted in it, around the answers of plugins and pages. Adds nothing
 * where there are no arounds. Must be called before the routes are added.
 */
export function surroundRoutes(fastify: FastifyInstance, root: AppPart, services: AnswerServices): void {
  if (servedArounds(root.app).length === 0) return;
  const enter = entrance(root, services);
  fastify.addHook("onRoute", (route) => {
    const { operation, isClosedOff = false, isForOperators = false } = route.config ?? {};
    if (operation !== undefined || isClosedOff || isForOperators) return;
    route.preHandler = [...listed(route.preHandler), enter];
    route.onSend = [...listed(route.onSend), exit(services)];
    route.onResponse = [...listed(route.onResponse), end];
  });
}

/** Serves routes that took the connection over, and so never reached `onSend`. */
const end: OnResponse = (request, reply, done) => {
  void leaveArounds(request)?.answer(passing(reply, undefined));
  done();
};

type OnResponse = Exclude<RouteOptions["onResponse"], readonly unknown[] | undefined>;
type PreHandler = Exclude<RouteOptions["preHandler"], readonly unknown[] | undefined>;
type OnSend = Exclude<RouteOptions["onSend"], readonly unknown[] | undefined>;

export function listed<Hook>(hooks: Hook | Hook[] | undefined): Hook[] {
  return hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks];
}

/** Runs the arounds; the route continues when the innermost one calls `next`. */
function entrance(root: AppPart, services: AnswerServices): PreHandler {
  const { lanes, wayOut } = services;
  return (request, reply, done) => {
    if ((request as { ws?: unknown }).ws) return done(); // it is not answered by a reply
    const asked = askedOf(request, reply, services);
    const end = Promise.withResolvers<RawReply>();
    let isIn = false;
    const answered = lanes.surround(layeredAt(root, pathOfUrl(request.raw.url ?? "/")), () => {
      isIn = true;
      const { promise, resolve } = Promise.withResolvers<RawReply>();
      const answer = (raw: RawReply): Promise<RawReply> => {
        resolve(raw);
        return end.promise;
      };
      entered.set(request, { asked, answer });
      done();
      return promise;
    })(asked);
    void answered.then((raw) => (isIn ? end.resolve(raw) : wayOut.send(asked, raw)));
  };
}

function exit({ wayOut }: AnswerServices): OnSend {
  return (request, reply, payload, done) => {
    const within = leaveArounds(request);
    if (within === undefined) return done(null, payload);
    const passed = passing(reply, payload);
    void within.answer(passed).then((raw) => {
      writeChanges(reply, passed, raw);
      wayOut.follow(within.asked, raw);
      done(null, raw.body === passed.body ? payload : payloadOf(raw.body));
    });
  };
}

/** A plugin's answer, as arounds see it. */
function passing(reply: FastifyReply, payload: unknown): RawReply {
  const { "content-type": mediaType, "content-length": _, ...headers } = reply.getHeaders();
  return {
    ...emptyReply,
    status: reply.statusCode,
    mediaType: mediaType === undefined ? undefined : String(mediaType),
    headers: Object.entries(headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
    ),
    body: bodyOf(payload),
  };
}

function bodyOf(payload: unknown): RawReply["body"] {
  if (payload instanceof Readable)
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("a plugin's stream is sent as it is")),
        return: async () => {
          payload.destroy();
          return { done: true, value: undefined };
        },
      }),
    };
  return payload === null ? undefined : (payload as RawReply["body"]);
}

function payloadOf(body: RawReply["body"]): unknown {
  if (isWhole(body)) return body ?? null;
  return "file" in body ? createReadStream(body.file) : Readable.from(body, { objectMode: false });
}

/** Writes the status and headers as the arounds have left them. */
function writeChanges(reply: FastifyReply, passed: RawReply, raw: RawReply): void {
  reply.code(raw.status);
  for (const [name] of passed.headers ?? []) reply.removeHeader(name);
  if (raw.body !== passed.body) reply.removeHeader("content-length");
  for (const [name, value] of raw.headers ?? []) reply.header(name, value);
  if (raw.mediaType === undefined) reply.removeHeader("content-type");
  else reply.header("content-type", raw.mediaType);
}
