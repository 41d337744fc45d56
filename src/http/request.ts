import type { FastifyRequest } from "fastify";
import type { RawRequest } from "../operation/raw.ts";

/** What the pipeline needs of Fastify's request: strings and bytes. */
export function rawRequest(request: FastifyRequest, hasParams: boolean): RawRequest {
  const { method, url = "/", rawHeaders } = request.raw;
  return {
    id: request.id,
    method: method as string,
    url,
    params: hasParams ? (request.params as Record<string, string>) : undefined,
    headers: rawHeaders,
    body: request.body as Uint8Array | undefined,
  };
}
