import type { FastifyReply } from "fastify";
import type { RawReply } from "../operation/raw.ts";

/** Fastify sends a serialised string as it is; without a serializer of its own it would add a charset to JSON. */
const asIs = (body: unknown): string => body as string;

/** Writes a reply. */
export function writeReply(reply: FastifyReply, { status, mediaType, headers, body }: RawReply): void {
  reply.code(status);
  reply.header("x-request-id", reply.request.id);
  if (headers !== undefined) for (const [name, value] of headers) reply.header(name, value);
  if (mediaType !== undefined) reply.header("content-type", mediaType);
  reply.serializer(asIs);
  reply.send(
    typeof body === "string" || body === undefined
      ? body
      : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  );
}
