import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { WebsocketPluginOptions } from "@fastify/websocket";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Config, Handler, HTTPVersion } from "find-my-way";
import type { WebSocket } from "ws";
import type { ResolvedSettings } from "../../app/settings/settings.ts";
import type { SocketClosing } from "../../app/sockets/socket.ts";
import { HTTPError } from "../../errors/http-error.ts";
import { endReason, type HeaderPairs } from "../../operation/raw.ts";
import { nodeHttp } from "../connections/node-http.ts";
import { outcomeOf } from "../response-end.ts";

const { validateHeaderName, validateHeaderValue } = nodeHttp;

type WebSocketServerOptions = NonNullable<WebsocketPluginOptions["options"]>;

/** How a socket ends, by the response that has answered its handshake. */
const endings = new WeakMap<ServerResponse, { readonly closed: Promise<SocketClosing> }>();

/** Resolves with how the socket of a response was closed; undefined for a response that has answered no handshake. */
export function closingOfSocket(raw: ServerResponse): Promise<SocketClosing> | undefined {
  return endings.get(raw)?.closed;
}

/** A response emits this when it has answered a handshake: it sends nothing more, and closes with the socket. */
export const ACCEPTED = "offloop.accepted";

/** How long a client has to answer the close frame before it is cut off. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A handshake that waits for its answer. */
interface Waiting {
  readonly subprotocols: readonly string[];
  headers: HeaderPairs;
  take: ((connection: WebSocket) => void) | undefined;
}

/** Keyed by the request that asks for the handshake. */
const waiting = new WeakMap<IncomingMessage, Waiting>();

type Constraint = NonNullable<Config<HTTPVersion.V1>["constraints"]>[string];

/** How the router tells handshakes from other requests to the same path. */
export const upgradeConstraint: Constraint = {
  name: "upgrade",
  storage: () => {
    const handlers = new Map<unknown, Handler<HTTPVersion.V1>>();
    return {
      get: (key) => handlers.get(key) ?? null,
      set: (key, handler) => void handlers.set(key, handler),
    };
  },
  // By then node:http has decided whether the request is upgraded.
  deriveConstraint: (request) =>
    ((request as { readonly upgrade?: unknown }).upgrade === true ? "websocket" : undefined) as string,
  mustMatchWhenDerived: true,
};

/** Whether a request is a handshake. A client that offers another protocol gets an ordinary answer. */
export function isHandshake(request: IncomingMessage): boolean {
  const { method, headers, socket } = request;
  // A pipelined request cannot take the connection: the previous one still has to be answered on it.
  const isAlone = (socket as { readonly _httpMessage?: unknown })._httpMessage == null;
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && isAlone;
}

/** Loads the WebSocket server and attaches it. */
export async function addWebSockets(
  fastify: FastifyInstance,
  { maxMessageBytes }: ResolvedSettings["websockets"],
): Promise<void> {
  const { default: websocket } = await import("@fastify/websocket");
  const options: WebSocketServerOptions & { readonly closeTimeout: number } = {
    maxPayload: maxMessageBytes,
    closeTimeout: CLOSE_TIMEOUT_MS, // missing from @types/ws
    clientTracking: false,
    handleProtocols: (offered, request) =>
      waiting.get(request)?.subprotocols.find((one) => offered.has(one)) ?? false,
  };
  await fastify.register(websocket, {
    options,
    errorHandler: () => {}, // the connection closes itself, with the code of its error
    preClose: (done: () => void) => done(),
  });
  fastify.websocketServer.on("headers", (lines, request) => {
    for (const [name, value] of waiting.get(request)?.headers ?? []) lines.push(`${name}: ${value}`);
  });
}

/** The route handler: passes the connection on once the handshake has been answered. */
export function takeConnection(connection: WebSocket, request: FastifyRequest): void {
  waiting.get(request.raw)?.take?.(connection);
  waiting.delete(request.raw);
}

/** A client's handshake, until it is answered. */
export class Handshake {
  readonly #reply: FastifyReply;
  readonly #waiting: Waiting;
  #stopListening: (() => void) | undefined;
  #proceed: (() => void) | undefined;

  /** @param proceed - Lets Fastify continue, which answers the handshake. */
  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    subprotocols: readonly string[],
    proceed: () => void,
  ) {
    this.#reply = reply;
    this.#waiting = { subprotocols, headers: [], take: undefined };
    this.#proceed = proceed;
    this.#stopListening = closeWhenLeft(request.raw.socket);
    waiting.set(request.raw, this.#waiting);
  }

  /**
   * Answers the handshake.
   *
   * @param headers - Sent with the answer.
   * @param socket - The socket that it opens.
   * @param take - Takes the connection, at once: what the client sends next must not be lost.
   * @throws {DOMException} An `AbortError` when the client has gone, or the shutdown has cut its connection.
   */
  answer(
    headers: HeaderPairs,
    socket: { readonly closed: Promise<SocketClosing> },
    take: (connection: WebSocket) => void,
  ): Promise<void> {
    for (const [name, value] of headers) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    const { raw } = this.#reply;
    return new Promise((resolve, reject) => {
      const onGone = (): void => reject(endReason(outcomeOf(raw) === "cut" ? "shutdown" : "client"));
      if (raw.destroyed) return onGone();
      raw.once("close", onGone);
      this.#waiting.headers = headers;
      this.#waiting.take = (connection) => {
        this.#waiting.take = undefined;
        raw.off("close", onGone);
        raw.statusCode = 101;
        endings.set(raw, socket);
        raw.emit(ACCEPTED);
        take(connection);
        resolve();
      };
      const proceed = this.#proceed;
      this.#proceed = undefined; // it holds all of Fastify's request state, and this object lives as long as the socket
      this.#stopListening?.();
      this.#stopListening = undefined;
      proceed?.();
    });
  }
}

/** How much of what a client sends ahead of the answer is taken from its connection. */
const AHEAD_BYTES = 65_536;

/**
 * Closes the connection when its client leaves before the handshake is answered: node:http reads an upgraded connection
 * no further, and who does not read never learns that the other side has ended.
 *
 * @returns To call before somebody else reads: gives back what the client has sent ahead.
 */
function closeWhenLeft(socket: Duplex): () => void {
  const ahead: Buffer[] = [];
  let length = 0;
  const read = (): void => {
    while (length < AHEAD_BYTES) {
      const piece = socket.read() as Buffer | null;
      if (piece === null) return;
      ahead.push(piece);
      length += piece.length;
    }
  };
  const close = (): void => void socket.destroy();
  socket.on("readable", read).on("end", close);
  return () => {
    socket.off("readable", read).off("end", close);
    if (length > 0 && !socket.destroyed) socket.unshift(Buffer.concat(ahead));
  };
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;
const TOKENS = /^[!#$%&'*+\-.^_`|~\w]+(\s*,\s*[!#$%&'*+\-.^_`|~\w]+)*$/;

/**
 * Returns what is wrong with a handshake (RFC 6455, section 4.2.1); undefined when nothing is. Checked before any
 * dependency is created.
 */
export function handshakeMistake({ headers }: IncomingMessage): HTTPError | undefined {
  const {
    "sec-websocket-version": version,
    "sec-websocket-key": key,
    "sec-websocket-protocol": protocol,
  } = headers;
  if (version !== "13")
    return new HTTPError(426, "Upgrade Required: this server speaks version 13 of WebSocket", {
      "sec-websocket-version": "13",
      upgrade: "websocket",
    });
  if (key === undefined || !KEY.test(key))
    return new HTTPError(400, "Missing or invalid Sec-WebSocket-Key header");
  if (protocol === undefined) return undefined;
  const offered = protocol.split(",").map((one) => one.trim());
  return TOKENS.test(protocol.trim()) && new Set(offered).size === offered.length
    ? undefined
    : new HTTPError(400, "Invalid Sec-WebSocket-Protocol header");
}
