import type { FastifyInstance } from "fastify";
import type { Method } from "../../app/method.ts";
import type { SiteFile } from "../../openapi/site.ts";
import { answeredMethods, headPatterns, type Route } from "../routes.ts";
import { sendKept } from "./kept-file.ts";

/**
 * A page may load only its own files, and no script from elsewhere. Images and requests may go anywhere: descriptions
 * contain pictures, and "Try it out" calls the servers that the document names.
 */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src * data:",
  "connect-src *",
  "worker-src blob:",
].join("; ");

/**
 * Adds routes for the OpenAPI document and its pages. A path that something else answers stays with its owner.
 *
 * @param operations - Those of all apps served together: some are added only later.
 * @param mountedAt - The prefix of the Fastify instance, which the operations' paths begin with.
 */
export function addDocs(
  fastify: FastifyInstance,
  files: readonly SiteFile[],
  operations: readonly Route[],
  mountedAt: string,
): Route[] {
  const heads = headPatterns(operations);
  const taken = new Set(
    operations.flatMap((one) => answeredMethods(one, heads).map((method) => `${method} ${one.path}`)),
  );
  const routes: Route[] = [];
  for (const file of files) {
    const handler = handlerOf(file);
    for (const method of ["GET", "HEAD"] satisfies Method[]) {
      const path = mountedAt + file.path;
      if (taken.has(`${method} ${path}`) || fastify.hasRoute({ method, url: path })) continue;
      taken.add(`${method} ${path}`);
      fastify.route({ method, url: file.path, prefixTrailingSlash: "slash", handler });
      routes.push({ method, path });
    }
  }
  return routes;
}

function handlerOf(file: SiteFile): ReturnType<typeof sendKept> {
  const send = sendKept(file);
  if (!file.mediaType.startsWith("text/html")) return send;
  return (request, reply) => send(request, reply.header("content-security-policy", POLICY));
}
