import type { FastifyReply, FastifyRequest } from "fastify";
import findMyWay from "find-my-way";
import type { Frontend } from "../app/frontend.ts";
import { type Method, methods } from "../app/method.ts";
import { withOtherSlash, withoutOrigin } from "../app/path.ts";
import { HTTPError } from "../errors/http-error.ts";
import { emptyReply, type RawReply } from "../operation/raw.ts";
import type { Refusals } from "./connections/refusals.ts";
import { answerByFrontend } from "./pages/frontend.ts";
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
  paths: AppPaths,
  refusals: Refusals,
  frontends: readonly Frontend[],
): (request: FastifyRequest, reply: FastifyReply) => void {
  const lookUp = lookUpIn(routes, paths);
  const { mountedAt, rootPath } = paths;
  const root = rootPath.slice(0, rootPath.length - mountedAt.length);
  return (request, reply) => {
    const refuse = (error: Error): void => refusals.refuse(request, reply, error);
    // Another method or slash is of no use to a WebSocket client.
    if (isUpgrade(request)) return refuse(new HTTPError(404, "Not Found"));
    const [path, query] = splitOnce(withoutOrigin(request.raw.url ?? "/"), "?");
    const redirect = (): void => {
      const target = `${root}${withOtherSlash(path)}${query === undefined ? "" : `?${query}`}`;
      refusals.answer(request, reply, redirectTo(urlOf(request, target)));
    };
    const { allowed, isThereOtherwise } = lookUp(path);
    if (allowed.length > 0)
      return refuse(new HTTPError(405, "Method Not Allowed", { allow: allowed.join(", ") }));
    if (isThereOtherwise) return redirect();
    if (frontends.length === 0) return refuse(new HTTPError(404, "Not Found"));
    answerByFrontend(frontends, request.raw, path.slice(mountedAt.length)).then(
      (found) => (found === "folder" ? redirect() : refusals.answer(request, reply, found)),
      refuse,
    );
  };
}

/** What there is at a path that no operation answers. */
interface Found {
  /** The methods that are answered there. */
  readonly allowed: readonly Method[];
  /** Whether the path with the other slash is answered, by any method. */
  readonly isThereOtherwise: boolean;
}

/** Looks paths up among the routes of an app, which its own router keeps apart by method. */
function lookUpIn(routes: readonly Route[], { mountedAt, mounts }: AppPaths): (path: string) => Found {
  const router = findMyWay({ maxParamLength: Number.MAX_SAFE_INTEGER }); // the request's head is bounded already
  const heads = headPatterns(routes);
  for (const route of routes) router.on(answeredMethods(route, heads), route.path, nothing);
  const mountPaths = [mountedAt, ...mounts].flatMap((path) => [path, encodeURI(path)]);
  const allowedAt = (path: string): Method[] =>
    methods.filter((method) => {
      const found = router.find(method, path);
      return found !== null && !lacksName(found.params);
    });
  return (path) => {
    const other = withOtherSlash(path);
    const allowed = allowedAt(path);
    const isOther = (): boolean => mountPaths.includes(path) || allowedAt(other).length > 0;
    return { allowed, isThereOtherwise: allowed.length === 0 && other !== "" && isOther() };
  };
}

/** Whether a request is a handshake, which matches only the routes of websockets. */
export function isUpgrade({ raw }: Pick<FastifyRequest, "raw">): boolean {
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
