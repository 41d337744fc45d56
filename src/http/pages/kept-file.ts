import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A file that is sent unchanged. */
export interface KeptFile {
  readonly mediaType: string;
  readonly make: () => string | Buffer | Promise<string | Buffer>;
}

interface Made {
  readonly body: Buffer;
  readonly etag: string;
}

/** Sends a file that is made on first request, and only to clients that do not have it already. */
export function sendKept(
  file: KeptFile,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  let made: Promise<Made> | undefined;
  return async (request, reply) => {
    made ??= make(file).catch((error: unknown) => {
      made = undefined; // after a failure, the next request tries again
      throw error;
    });
    const { body, etag } = await made;
    reply.header("etag", etag).header("cache-control", "no-cache");
    if (isKnown(request.headers["if-none-match"], etag)) return reply.code(304).send();
    return reply.header("content-type", file.mediaType).send(body);
  };
}

/** RFC 9110, 13.1.2: any of the tags that a client has, and weak ones as well, as a proxy makes them that compresses. */
function isKnown(tags: string | undefined, etag: string): boolean {
  return tags?.split(",").some((tag) => ["*", etag, `W/${etag}`].includes(tag.trim())) === true;
}

async function make(file: KeptFile): Promise<Made> {
  const content = await file.make();
  // Fastify adds a charset to JSON given as text.
  const body = typeof content === "string" ? Buffer.from(content) : content;
  return { body, etag: `"${createHash("sha256").update(body).digest("base64url")}"` };
}
