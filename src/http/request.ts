import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import type { ClientAddress } from "../app/exchange.ts";
import type { FormPart, RawRequest } from "../operation/raw.ts";

/** What the pipeline needs of Fastify's request: strings and bytes. */
export function rawRequest(request: FastifyRequest, hasParams: boolean): RawRequest {
  const { method, url = "/", rawHeaders } = request.raw;
  const body = request.body as Uint8Array | FormPart[] | undefined;
  const isForm = Array.isArray(body);
  return {
    id: request.id,
    method: method as string,
    url,
    params: hasParams ? (request.params as Record<string, string>) : undefined,
    headers: rawHeaders,
    body: isForm ? undefined : body,
    parts: isForm ? body : undefined,
    client: clientOf(request.raw.socket),
  };
}

const addresses = new WeakMap<Socket, ClientAddress>();

/** Worked out once a connection: asking the socket costs a call into the system. */
function clientOf(socket: Socket): ClientAddress {
  let address = addresses.get(socket);
  if (address === undefined) {
    address = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    addresses.set(socket, address);
  }
  return address;
}
