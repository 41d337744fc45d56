import type { AddressInfo } from "node:net";
import { type Duplex, duplexPair, Readable } from "node:stream";
import { isBodyless } from "../app/reply.ts";
import type { OpenApp } from "../http/open-app.ts";
import { byName, type SentRequest } from "./test-request.ts";

/** How requests reach the app under test: in process, or through a socket. */
export interface Way {
  readonly url: string;
  /** Sends an encoded request. */
  readonly send: (method: string, request: SentRequest) => Promise<Response>;
  /** Makes a connection that carries a WebSocket in process; undefined where WebSockets also go through a socket. */
  readonly connect: (() => Duplex) | undefined;
}

type Fastify = OpenApp["fastify"];
type Send = Way["send"];

/** Through a socket on a free port, as any client. */
export async function throughSocket(fastify: Fastify): Promise<Way> {
  await fastify.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}`;
  const send: Send = (method, { path, headers, body, signal }) =>
    fetch(url + path, {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      redirect: "manual",
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  return { url, send, connect: undefined };
}

/** Where a client in the process is, for sockets: the address that injected requests have. */
const IN_PROCESS = "127.0.0.1";

/** Without a socket. */
export async function inProcess(fastify: Fastify): Promise<Way> {
  await fastify.ready();
  const send: Send = async (method, { path, headers, body, signal }) => {
    const response = await fastify.inject({
      method: method as "GET",
      url: path,
      headers: { host: "testserver", "user-agent": "offloop", ...byName(headers) },
      payloadAsStream: true,
      ...(body === undefined ? {} : { payload: body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const { statusCode: status, headers: received } = response;
    const stream = isBodyless(status) ? null : Readable.toWeb(response.stream());
    return new Response(stream as ReadableStream | null, { status, headers: toHeaders(received) });
  };
  const connect = (): Duplex => {
    const [ours, theirs] = duplexPair();
    fastify.server.emit("connection", Object.assign(theirs, { remoteAddress: IN_PROCESS }));
    return ours;
  };
  return { url: "http://testserver", send, connect };
}

function toHeaders(received: Readonly<Record<string, unknown>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received))
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, String(one));
  return headers;
}
