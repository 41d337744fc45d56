import type { AddressInfo } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
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
  /**
   * Leaves responses that are not sent whole yet, as a client that hangs up: those that nobody reads, or all. Undefined
   * where they have sockets, which the server cuts.
   */
  readonly leave: ((which: "unread" | "all") => void) | undefined;
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
  return { url, send, connect: undefined, leave: undefined };
}

/** Where a client in the process is, for sockets: the address that injected requests have. */
const IN_PROCESS = "127.0.0.1";

/** Without a socket. */
export async function inProcess(fastify: Fastify): Promise<Way> {
  await fastify.ready();
  const open = new Set<OpenBody>();
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
    const stream = isBodyless(status) ? null : readFrom(response, open);
    return new Response(stream, { status, headers: toHeaders(received) });
  };
  const connect = (): Duplex => {
    const [ours, theirs] = duplexPair();
    fastify.server.emit("connection", Object.assign(theirs, { remoteAddress: IN_PROCESS }));
    return ours;
  };
  const leave: Way["leave"] = (which) => {
    for (const body of open) if (which === "all" || !body.stream.locked) body.hangUp();
  };
  return { url: "http://testserver", send, connect, leave };
}

/** A body of a response that is not over. */
interface OpenBody {
  readonly stream: ReadableStream;
  hangUp(): void;
}

/** What Fastify's `inject` gives. */
type Injected = Awaited<ReturnType<Fastify["inject"]>>;

/** The body of a response, as it is read. Whoever cancels it hangs up. */
function readFrom({ raw: { res }, stream: body }: Injected, open: Set<OpenBody>): ReadableStream {
  const source = body();
  source.on("error", () => {}); // reading says it
  const chunks = source[Symbol.asyncIterator]();
  const hangUp = (): void => {
    if (!res.writableEnded) res.destroy();
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value as Uint8Array);
      },
      cancel() {
        source.destroy();
        hangUp();
      },
    },
    { highWaterMark: 0 }, // what nobody reads is left with the app
  );
  const one: OpenBody = { stream, hangUp };
  open.add(one);
  res.once("close", () => open.delete(one));
  return stream;
}

function toHeaders(received: Readonly<Record<string, unknown>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received))
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, String(one));
  return headers;
}
