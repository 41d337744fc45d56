import type { FastifyReply, FastifyRequest } from "fastify";
import findMyWay, { type HTTPMethod } from "find-my-way";
import { type Method, methods } from "../app/method.ts";
import { withoutOrigin } from "../app/path.ts";
import { HTTPError } from "../errors/http-error.ts";
import { emptyReply, type RawReply } from "../operation/raw.ts";
import type { Frontends } from "./frontend.ts";
import type { Refusals } from "./refusals.ts";
import { originOf } from "./request.ts";
import { answeredMethods, headPatterns, lacksName, type Route } from "./routes.ts";

/** The paths of an app that answers unknown ones. */
export interface AppPaths {
  /** The prefix of the routes' paths. */
  readonly mountedAt: string;
  /** The prefix before the app's own paths. */
  readonly rootPath: string;
  /** Where other apps are mounted in it. */
  readonly mounts: readonly string[];
}

/**
 * Answers what no operation of an app answers, as Starlette's router does: 405 with `Allow` when the path exists for
 * other methods, 307 to the path with or without its trailing slash when that one exists, else 404.
 */
export function createNotFound(
  routes: readonly Route[],
  { mountedAt, rootPath, mounts }: AppPaths,
  refusals: Refusals,
  frontends: Frontends | undefined,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const router = findMyWay({ maxParamLength: Number.MAX_SAFE_INTEGER }); // the request's head is bounded already
  const heads = headPatterns(routes);
  for (const route of routes) router.on(answeredMethods(route, heads), route.path, nothing);
  const root = rootPath.slice(0, rootPath.length - mountedAt.length);
  const mountPaths = [mountedAt, ...mounts].flatMap((path) => [path, encodeURI(path)]);
  const allowed = (path: string): Method[] =>
    methods.filter((method) => {
      const found = router.find(method as HTTPMethod, path);
      return found !== null && !lacksName(found.params);
    });
  return (request, reply) => {
    // Another method or slash is of no use to a WebSocket client.
    if (isUpgrade(request)) return void refusals.refuse(request, reply, new HTTPError(404, "Not Found"));
    const [path = "/", query] = splitOnce(withoutOrigin(request.raw.url ?? "/"), "?");
    const here = allowed(path);
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    const redirect = (): void => {
      const target = `${root}${other}${query === undefined ? "" : `?${query}`}`;
      refusals.answer(request, reply, redirectTo(urlOf(request, target)));
    };
    if (here.length > 0) {
      refusals.refuse(request, reply, new HTTPError(405, "Method Not Allowed", { allow: here.join(", ") }));
    } else if (other !== "" && (mountPaths.includes(path) || allowed(other).length > 0)) {
      redirect();
    } else if (frontends === undefined) {
      refusals.refuse(request, reply, new HTTPError(404, "Not Found"));
    } else {
      frontends.answer(request.raw, path.slice(mountedAt.length)).then(
        (found) => (found === "folder" ? redirect() : refusals.answer(request, reply, found)),
        (thrown: Error) => refusals.refuse(request, reply, thrown),
      );
    }
  };
}

function isUpgrade({ raw }: FastifyRequest): boolean {
  return (raw as { readonly upgrade?: unknown }).upgrade === true;
}

function redirectTo(url: string): RawReply {
  return { ...emptyReply, status: 307, headers: [["location", url]] };
}

/** The full URL, as Starlette gives it; only the path to a client that named no host. */
function urlOf(request: FastifyRequest, target: string): string {
  const origin = originOf(request);
  return origin === "" ? target.replace(/^\/+/, "/") : origin + target; // two slashes would begin a host
}

function nothing(): void {}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
