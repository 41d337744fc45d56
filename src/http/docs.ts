import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Method, Operation } from "../app/operation.ts";
import type { SiteFile } from "../openapi/site.ts";

/** A method and a path that something answers. */
export type Route = Pick<Operation, "method" | "path">;

/**
 * What a page may load: its own files, no script from elsewhere. Images and requests may go anywhere, since
 * descriptions show pictures and "Try it out" asks the servers that the document names.
 */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src * data:",
  "connect-src *",
  "worker-src blob:",
].join("; ");

/**
 * Adds routes for the OpenAPI document and its pages; a path that an operation answers stays the operation's.
 *
 * @param mountedAt - The prefix that the instance has, which the operations' paths begin with.
 */
export function addDocs(
  fastify: FastifyInstance,
  files: readonly SiteFile[],
  operations: readonly Route[],
  mountedAt: string,
): Route[] {
  const taken = new Set(operations.map(({ method, path }) => `${method} ${path}`));
  const routes: Route[] = [];
  for (const file of files) {
    const handler = handlerOf(file);
    for (const method of ["GET", "HEAD"] satisfies Method[]) {
      const path = mountedAt + file.path;
      if (taken.has(`${method} ${path}`)) continue;
      taken.add(`${method} ${path}`);
      fastify.route({ method, url: file.path, prefixTrailingSlash: "slash", handler });
      routes.push({ method, path });
    }
  }
  return routes;
}

interface Made {
  readonly body: Buffer;
  readonly etag: string;
}

function handlerOf(file: SiteFile): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  let made: Promise<Made> | undefined;
  return async (request, reply) => {
    made ??= make(file).catch((error: unknown) => {
      made = undefined; // what failed once may be asked for again
      throw error;
    });
    const { body, etag } = await made;
    reply.header("etag", etag).header("cache-control", "no-cache");
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    if (file.mediaType.startsWith("text/html")) reply.header("content-security-policy", POLICY);
    return reply.header("content-type", file.mediaType).send(body);
  };
}

async function make(file: SiteFile): Promise<Made> {
  const content = await file.make();
  // Fastify adds a charset to JSON that comes as text.
  const body = typeof content === "string" ? Buffer.from(content) : content;
  return { body, etag: `"${createHash("sha256").update(body).digest("base64url")}"` };
}
