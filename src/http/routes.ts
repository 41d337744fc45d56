import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type { Method } from "../app/method.ts";
import type { Operation } from "../app/operation.ts";
import { pathNames, pathPatterns } from "../app/path.ts";
import { requestChannel } from "../channels/channels.ts";
import type { LaneOperation } from "../lanes/choose.ts";
import type { AddedRoutes } from "./added-routes.ts";
import { IncomingBody, leaveUnread } from "./bodies/incoming-body.ts";
import { ReceivedForm } from "./bodies/received-form.ts";
import { HttpRequest, type RequestRoute, type ServedApp } from "./request.ts";
import { endOf } from "./request-end.ts";
import { whenOver } from "./response-end.ts";
import type { WayOut } from "./way-out.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The operation behind a route. */
    operation?: Operation;
    /** Whether the operation, or a dependency of it, reads a form. */
    readsForm?: boolean;
    /** Whether its body is parsed on the lane where it runs. */
    parsesBody?: boolean;
    /** Largest multipart form it accepts, in bytes. */
    maxFormBytes?: number;
    /** Whether the route catches everything an app does not answer. */
    isClosedOff?: boolean;
    /** Whether the route is for those who operate the server: nothing of the app surrounds it. */
    isForOperators?: boolean;
    /** Whether its requests are left out of the log. */
    unlogged?: boolean;
  }
}

/** What all routes of an app have in common. */
export interface RouteServices extends ServedApp {
  readonly wayOut: WayOut;
  /** The prefix of the Fastify instance, which the operations' paths begin with. */
  readonly mountedAt: string;
  readonly bodyLimits: BodyLimits;
  /** Whether plugins may see the replies of operations. */
  readonly hasPlugins: boolean;
  readonly added: AddedRoutes;
}

/** Maximum body sizes in bytes, where an operation does not set its own. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Limit for what the event loop parses. */
  readonly maxLoopBodyBytes: number;
}

/** Adds a route for every operation of an app. */
export function addRoutes(
  fastify: FastifyInstance,
  operations: readonly LaneOperation[],
  services: RouteServices,
): void {
  const heads = headPatterns(operations.map(({ declaration }) => declaration));
  for (const operation of operations) {
    const { path } = operation.declaration;
    const { maxBytes, maxFormBytes } = bodyLimitsOf(operation, services.bodyLimits);
    const handler = handlerOf(operation, services, maxBytes);
    const methods = answeredMethods(operation.declaration, heads);
    const route: RouteOptions = {
      method: methods,
      url: path.slice(services.mountedAt.length),
      prefixTrailingSlash: "slash",
      bodyLimit: maxBytes,
      ...(operation.declaration.streamsBody && { preParsing: leaveUnread }),
      config: {
        operation: operation.declaration,
        readsForm: operation.readsForm,
        parsesBody: operation.parsesBody,
        maxFormBytes,
      },
      handler: hasNames(path) ? whereNamed(handler) : handler,
    };
    services.added.add(operation.declaration, methods, () => fastify.route(route));
  }
}

/** A method and a path that are answered. */
export type Route = Pick<Operation, "method" | "path">;

/** The paths that answer HEAD in their own way. */
export function headPatterns(routes: readonly Route[]): ReadonlySet<string> {
  return new Set(routes.flatMap(({ method, path }) => (method === "HEAD" ? pathPatterns(path) : [])));
}

/** An operation that answers GET also answers HEAD: RFC 9110, 9.3.2. */
export function answeredMethods({ method, path }: Route, heads: ReadonlySet<string>): Method[] {
  return method === "GET" && !pathPatterns(path).every((pattern) => heads.has(pattern))
    ? ["GET", "HEAD"]
    : [method];
}

/** A multipart form is not parsed in one go, so the limit on what the loop parses at once does not apply to it. */
function bodyLimitsOf(
  { declaration: { lane, maxBodyBytes: own }, parsesBody }: LaneOperation,
  { maxBodyBytes, maxLoopBodyBytes }: BodyLimits,
): { maxBytes: number; maxFormBytes: number } {
  const maxFormBytes = own ?? maxBodyBytes;
  const isParsedOnLoop = own === undefined && parsesBody && lane === "loop";
  return { maxFormBytes, maxBytes: isParsedOnLoop ? Math.min(maxFormBytes, maxLoopBodyBytes) : maxFormBytes };
}

type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => void;

function hasNames(path: string): boolean {
  return pathNames(path).length > 0;
}

/** Answers "not found" for paths that the router matches but Starlette's does not. */
function whereNamed(handler: RouteHandler): RouteHandler {
  return (request, reply) => {
    if (lacksName(request.params as Record<string, string>)) reply.callNotFound();
    else handler(request, reply);
  };
}

/** Whether a parameter in the path has no value: the router matches `/items/` with `/items/:item_id`, Starlette does not. */
export function lacksName(params: Readonly<Record<string, string | undefined>>): boolean {
  for (const name in params) if (params[name] === "" && name !== "*") return true;
  return false;
}

function handlerOf(operation: LaneOperation, services: RouteServices, maxBytes: number): RouteHandler {
  const { wayOut, log, rootPath, trustsProxy, hasPlugins } = services;
  const { declaration, readsForm } = operation;
  const { id, path, streamsBody } = declaration;
  const route: RequestRoute = {
    id,
    operation: declaration,
    hasParams: hasNames(path),
    isSeen: hasPlugins,
    rootPath,
    trustsProxy,
    log,
  };
  return (request, reply) => {
    operation.count(1);
    if (readsForm && request.body instanceof ReceivedForm) request.body.hold();
    if (requestChannel.hasSubscribers) observeRequest(request.id, id, reply);
    const asked = new HttpRequest(request, reply, route);
    if (streamsBody) asked.unread = new IncomingBody(asked, maxBytes);
    operation.run(asked).then((raw) => {
      operation.count(-1);
      wayOut.send(asked, raw);
    });
  };
}

/** Publishes the arrival of a request, and its end once its response has been sent or its client has gone. */
export function observeRequest(request: string, operation: string, { raw }: FastifyReply): void {
  const start = performance.now();
  requestChannel.publish({ event: "start", request, operation });
  whenOver(raw, () => {
    const durationMs = performance.now() - start;
    requestChannel.publish({ event: "end", request, operation, durationMs, ...endOf(raw) });
  });
}
