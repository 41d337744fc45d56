import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage } from "node:http";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { type Duplex, pipeline, type Readable, type Transform } from "node:stream";
import { isBodyless } from "../app/reply.ts";
import { nodeHttp } from "../http/connections/node-http.ts";
import type { OpenApp } from "../http/open-app.ts";
import { connectInProcess } from "./connection.ts";
import type { SentRequest } from "./test-request.ts";

/** How requests reach the app under test. */
export interface Way {
  readonly url: string;
  /** Sends an encoded request. */
  readonly send: (method: string, request: SentRequest) => Promise<Response>;
  /** Makes a connection, as a WebSocket has its own. */
  readonly connect: () => Duplex;
  /** Leaves responses that are not sent whole yet, as a client that hangs up: those that nobody reads, or all. */
  readonly leave: (which: "unread" | "all") => void;
}

type Fastify = OpenApp["fastify"];

/** Through a socket on a free port, as any client. */
export async function throughSocket(fastify: Fastify): Promise<Way> {
  const host = "127.0.0.1";
  await fastify.listen({ host, port: 0 });
  const { port } = fastify.server.address() as AddressInfo;
  return wayOver(`http://${host}:${port}`, () => connectSocket({ host, port }));
}

/** Without a socket: over connections that stay in the process. */
export async function inProcess(fastify: Fastify): Promise<Way> {
  await fastify.ready();
  // As where it listens: requests have nothing of the context in which they are sent.
  const inServerContext = AsyncLocalStorage.snapshot();
  return wayOver("http://testserver", () => {
    const { client, server } = connectInProcess(inServerContext);
    inServerContext(() => fastify.server.emit("connection", server));
    return client;
  });
}

/** Both ways send the same over their connections. */
function wayOver(url: string, connect: Way["connect"]): Way {
  const open = new Set<OpenBody>();
  return {
    url,
    connect,
    send: async (method, sent) => {
      try {
        const lines = linesOf(method, sent, url);
        const { received, connection } = await exchange(method, { ...sent, headers: lines }, connect);
        return responseTo(method, sent, { received, connection, open });
      } catch (error) {
        throw failureOf(`${method} ${sent.path} was not answered`, error, sent.signal);
      }
    },
    leave: (which) => {
      for (const body of open) if (which === "all" || !body.stream.locked) body.hangUp();
    },
  };
}

/** Sends a request over a connection of its own. Resolves with the head of the response. */
function exchange(
  method: string,
  { path, headers, body, signal }: SentRequest,
  connect: Way["connect"],
): Promise<Pick<Received, "received" | "connection">> {
  return new Promise((resolve, reject) => {
    const request = nodeHttp.request({
      createConnection: connect,
      method,
      path,
      headers: headers.flat(),
      ...(signal && { signal }),
    });
    request.once("response", (received) => resolve({ received, connection: received.socket }));
    request.once("close", () => request.socket?.end());
    request.on("error", reject); // once the response has begun, its body says what is wrong
    request.end(body);
  });
}

/** Methods whose requests have no body unless they are given one, and say nothing about its length then. */
const WITHOUT_BODY = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"]);

/** All headers of a request, each a line of its own. */
function linesOf(method: string, { headers, body }: SentRequest, url: string): SentRequest["headers"] {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const isSized = names.has("content-length") || names.has("transfer-encoding");
  const hasNone = isSized || (body === undefined && WITHOUT_BODY.has(method.toUpperCase()));
  const added: SentRequest["headers"] = [
    ["host", new URL(url).host],
    ["user-agent", "offloop"],
    ["connection", "keep-alive"],
  ];
  return [
    ...added.filter(([name]) => !names.has(name)),
    ...headers,
    ...(hasNone ? [] : [["content-length", String(body?.length ?? 0)] as const]),
  ];
}

/** A body of a response that is not over. */
interface OpenBody {
  readonly stream: ReadableStream;
  hangUp(): void;
}

/** A response of which the head has come. */
interface Received {
  readonly received: IncomingMessage;
  readonly connection: Duplex;
  /** The bodies that are not over. */
  readonly open: Set<OpenBody>;
}

function responseTo(method: string, sent: SentRequest, { received, connection, open }: Received): Response {
  const { statusCode: status = 0, statusMessage: statusText = "" } = received;
  const hasBody = method.toUpperCase() !== "HEAD" && !isBodyless(status);
  const hangUp = (): void => void connection.destroy();
  const broken = `The response to ${method} ${sent.path} broke off`;
  const failed = (error: unknown): unknown => failureOf(broken, error, sent.signal);
  const stream = hasBody ? readFrom(received, failed, hangUp) : null;
  if (stream === null) received.resume();
  else if (!received.complete) {
    const one: OpenBody = { stream, hangUp };
    open.add(one);
    connection.once("close", () => open.delete(one));
  }
  return new Response(stream, { status, statusText, headers: headersOf(received) });
}

/** How much of a body of known length, unpacked, is taken without being read, as the system does for a socket. */
const TAKEN_BYTES = 16 * 1_024 * 1_024;

/** The body of a response, as it is read. Whoever cancels it hangs up. */
function readFrom(
  received: IncomingMessage,
  failed: (error: unknown) => unknown,
  hangUp: () => void,
): ReadableStream {
  const body = unpacked(received);
  for (const stream of new Set([received, body])) stream.on("error", () => {}); // reading says it
  const chunks = body[Symbol.asyncIterator]();
  // What has no length may never end: what nobody reads of it is left with the app.
  const hasLength = received.headers["content-length"] !== undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done === true) controller.close();
          else controller.enqueue(new Uint8Array(value as Buffer));
        } catch (error) {
          throw failed(error);
        }
      },
      cancel: hangUp,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: hasLength ? TAKEN_BYTES : 0 }),
  );
}

/** What a request or its body rejects with: the reason of the test, or what happened to the connection. */
function failureOf(what: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  const { code } = error as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE"
    ? new TypeError(`${what}: its connection ended`, { cause: error })
    : error;
}

/** Each line on its own: cookies are not joined. */
export function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2)
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  return headers;
}

/** What is unpacked, as by `fetch`; what a stream has flushed can be read before its end. */
const unpackers: Readonly<Record<string, (zlib: typeof import("node:zlib")) => Transform>> = {
  gzip: (zlib) => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  "x-gzip": (zlib) => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  deflate: (zlib) => zlib.createInflate({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  br: (zlib) => zlib.createBrotliDecompress(),
  zstd: (zlib) => zlib.createZstdDecompress(),
};

/** The body of a response, unpacked if the app or a plugin has compressed it. Of codings it does not know, the bytes. */
function unpacked(received: IncomingMessage): Readable {
  const codings = (received.headers["content-encoding"] ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "");
  const found = codings.map((coding) => unpackers[coding]);
  if (found.length === 0 || found.includes(undefined)) return received;
  const zlib = process.getBuiltinModule("node:zlib");
  const steps = found.reverse().map((make) => make?.(zlib) as Transform); // the last was put around the others
  pipeline([received, ...steps], () => {}); // an error ends the last of them, and reading says it
  return steps.at(-1) as Transform;
}
