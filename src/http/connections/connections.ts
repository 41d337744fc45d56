import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ResolvedSettings } from "../../app/settings/settings.ts";
import type { Tls } from "../lifecycle/tls.ts";
import { cutAll } from "../response-end.ts";
import { continueWhenRead } from "./continue.ts";
import { isLingering } from "./lingering-close.ts";
import { nodeHttp } from "./node-http.ts";
import { gatherSmallChunks } from "./small-chunks.ts";
import { StalledClients } from "./stalled-clients.ts";

const { STATUS_CODES } = nodeHttp;

const MIN_CHECK_MS = 20;
/** How long a connection on which nothing has come yet may take to bring a request once the server closes. */
const SILENT_MS = 1_000;
/** How long a client may take to receive why it was refused. */
const REFUSAL_MS = 1_000;

/** Node's HTTP server stores the response it is currently writing here, and reads it for the same reason. */
interface AnsweringSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
  /** Its file descriptor; -1 where there are none. */
  readonly _handle?: { readonly fd: number } | null;
}

/** What a server requires of its requests. */
export interface RequestWants {
  /** Key and certificate for https; undefined for http. */
  readonly tls: Tls | undefined;
  /** Whether a request without a body has no stream to end. */
  readonly optimizeEmptyRequests: boolean;
  /** Whether a request asks for another protocol and gets it. Undefined where a plugin listens for such requests. */
  readonly isHandshake: ((request: IncomingMessage) => boolean) | undefined;
  /** Called with the file descriptor of each connection. */
  readonly onAccepted: (descriptor: number) => void;
}

/** Something that arrived and could not be read as a request. */
export interface UnreadRequest {
  /** The status it was answered with. */
  readonly status: number;
  /** Node's code for what is wrong, like `HPE_INVALID_METHOD`. */
  readonly code: string;
  /** The client's address. */
  readonly client: string | undefined;
  /** How much of it had been read, where that is known. */
  readonly bytes: number | undefined;
}

/** The connections of clients, within the limits of the settings. */
export class Connections {
  readonly #settings: ResolvedSettings["connections"];
  readonly #wants: RequestWants;
  /** With https both the connection and, once its handshake is over, what comes decrypted out of it. */
  readonly #open = new Set<AnsweringSocket>();
  readonly #stalled: StalledClients;
  readonly #listeners: ((unread: UnreadRequest) => void)[] = [];

  constructor(settings: ResolvedSettings["connections"], wants: RequestWants) {
    this.#settings = settings;
    this.#wants = wants;
    this.#stalled = new StalledClients(settings.sendTimeoutMs);
  }

  /** Calls the listener for everything that cannot be read as a request. */
  onUnread(listener: (unread: UnreadRequest) => void): void {
    this.#listeners.push(listener);
  }

  /** Makes the node:http server for one of the addresses listened on. */
  createServer(handler: RequestListener): Server {
    const { tls, onAccepted } = this.#wants;
    const listener = this.#listenerFor(handler);
    const server =
      tls === undefined
        ? nodeHttp.createServer(this.#options, listener)
        : process
            .getBuiltinModule("node:https")
            .createServer(
              { ...this.#options, ...tls, handshakeTimeout: this.#settings.headersTimeoutMs },
              listener,
            );
    const open = this.#open;
    /** One function for all connections: each of its own would be kept as long as they are. */
    function onClose(this: AnsweringSocket): void {
      open.delete(this);
    }
    const keep = (socket: Socket): void => {
      void socket.remoteAddress; // only if read now is it still known after the socket has closed
      open.add(socket);
      socket.on("close", onClose);
    };
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      continueWhenRead(request, response);
      listener(request, response);
    });
    server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) =>
      this.#refuseRequest(417, "UNKNOWN_EXPECTATION", request, response),
    );
    server.on("connection", (socket: AnsweringSocket) => {
      keep(socket);
      onAccepted(socket._handle?.fd ?? -1);
    });
    if (tls !== undefined) server.on("secureConnection", keep);
    this.#stalled.watch(server, open);
    server.on("clientError", (error: ParserError, stream) => this.#refuse(error, stream as AnsweringSocket));
    return server;
  }

  get #options(): ServerOptions {
    const { maxHeaderBytes, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = this.#settings;
    const { optimizeEmptyRequests, isHandshake } = this.#wants;
    return {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      optimizeEmptyRequests,
      requireHostHeader: false, // Node's own refusal would be neither logged nor counted
      ...(isHandshake && {
        shouldUpgradeCallback: (request: IncomingMessage) => {
          cutFragment(request);
          return hostMistake(request) === undefined && isHandshake(request);
        },
      }),
      // By default Node looks for slow clients every 30 s, which would turn a timeout of 15 s into one of up to 45 s.
      connectionsCheckingInterval: Math.max(MIN_CHECK_MS, Math.min(headersTimeoutMs, requestTimeoutMs) / 4),
    };
  }

  /** What node:http calls with each request. */
  #listenerFor(handler: RequestListener): RequestListener {
    const inOrder = inTurn(handler, this.#settings.maxPipelined);
    return (request, response) => {
      // A request behind the last response would be run, though it cannot be answered.
      if (request.socket.writableEnded) return void request.socket.destroy();
      cutFragment(request);
      gatherSmallChunks(request);
      const mistake = hostMistake(request);
      if (mistake === undefined) inOrder(request, response);
      else this.#refuseRequest(400, mistake, request, response);
    };
  }

  #refuseRequest(status: number, code: string, { socket }: IncomingMessage, response: ServerResponse): void {
    const body = JSON.stringify({ detail: STATUS_CODES[status] });
    const headers = {
      "content-type": "application/json",
      "content-length": body.length,
      connection: "close",
    };
    response.writeHead(status, headers).end(body);
    this.#tell({ status, code, client: socket.remoteAddress, bytes: undefined });
  }

  #refuse(error: ParserError, socket: AnsweringSocket): void {
    // Before its handshake is over nothing can be written, and what is written waits for ever.
    if (!this.#open.has(socket)) return void socket.destroy();
    const status = answerClientError(error, socket);
    const { code = "", bytesParsed: bytes } = error;
    if (status !== undefined) this.#tell({ status, code, client: socket.remoteAddress, bytes });
  }

  #tell(unread: UnreadRequest): void {
    for (const listener of this.#listeners) listener(unread);
  }

  /**
   * Ends each connection with the response it is sending now. Node would otherwise keep those that have begun for
   * another request.
   */
  endWhenAnswered(): void {
    for (const socket of this.#open) {
      if (isLingering(socket)) socket.destroy();
      socket._httpMessage?.once("finish", () => {
        // Wait until Node has looked for the next request: a pipelined one announces itself that it is the last.
        process.nextTick(() => socket._httpMessage ?? closeWhenSent(socket));
      });
    }
    setTimeout(() => this.#endSilent(), SILENT_MS).unref();
  }

  /** Browsers and proxies connect ahead of their requests. Node waits for these connections as if a request had begun. */
  #endSilent(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }

  /** Cuts all of them, also those whose handshake is not over: Node's own does not know these. */
  cut(): void {
    cutAll(this.#open);
  }
}

/**
 * Hands requests on. Pipelined requests, which arrive before the previous one is answered, run concurrently, at most
 * `max` per connection; the rest wait their turn.
 */
function inTurn(handler: RequestListener, max: number): RequestListener {
  const lines = new WeakMap<Socket, Line>();
  return (request, response) => {
    // Node gives a response its socket at once, unless an earlier one on the connection is unfinished.
    if (response.socket !== null) return handler(request, response);
    const { socket } = request;
    let line = lines.get(socket);
    if (line === undefined) {
      line = new Line(socket, handler, max);
      lines.set(socket, line);
    }
    line.add(request, response);
  };
}

/** The pipelined requests of one connection. */
class Line {
  readonly #socket: Socket;
  readonly #handler: RequestListener;
  readonly #max: number;
  #running = 0;
  readonly #waiting: [IncomingMessage, ServerResponse][] = [];

  constructor(socket: Socket, handler: RequestListener, max: number) {
    this.#socket = socket;
    this.#handler = handler;
    this.#max = max;
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    this.#waiting.push([request, response]);
    this.#startNext();
    if (this.#waiting.length > 0) this.#socket.pause();
  }

  #startNext(): void {
    while (!this.#socket.destroyed && this.#waiting.length > 0 && this.#running < this.#max) {
      const [request, response] = this.#waiting.shift() as [IncomingMessage, ServerResponse];
      this.#running++;
      response.once("close", () => {
        this.#running--;
        this.#startNext();
        if (this.#waiting.length === 0 && !refusedSockets.has(this.#socket)) this.#socket.resume();
      });
      this.#handler(request, response);
    }
  }
}

/**
 * RFC 9112, section 3.2: exactly one Host line, since a proxy in front may have acted on a different one than this
 * server. HTTP/1.0 may have none.
 */
function hostMistake({ rawHeaders, httpVersion }: IncomingMessage): string | undefined {
  let seen = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length !== 4 || name.toLowerCase() !== "host") continue;
    if (seen) return "SEVERAL_HOSTS";
    seen = true;
  }
  return seen || httpVersion !== "1.1" ? undefined : "MISSING_HOST";
}

/**
 * Drops a fragment, which clients should not send (RFC 9112, 3.2), as other servers do: the router would take it for a
 * query.
 */
function cutFragment(request: IncomingMessage): void {
  const at = request.url?.indexOf("#") ?? -1;
  if (at >= 0) request.url = request.url?.slice(0, at) || "/";
}

/** An error from Node's parser. */
type ParserError = NodeJS.ErrnoException & { readonly bytesParsed?: number };

/**
 * The connections on which something could not be read, with the status that says so once the requests before it are
 * answered; undefined if the client has probably gone.
 */
const refusedSockets = new WeakMap<Socket, number | undefined>();

/** The status that answered a request whose rest could not be read; undefined if there is none. */
export function refusedStatus({ socket, complete }: IncomingMessage): number | undefined {
  return complete ? undefined : refusedSockets.get(socket);
}

/** Answers what is not HTTP, if there is someone to answer. Returns the status; undefined where there is nobody. */
function answerClientError(error: ParserError, socket: AnsweringSocket): number | undefined {
  if (refusedSockets.has(socket)) return undefined; // the rest of it is no better
  if (error.code === "ECONNRESET" || !canAnswer(socket)) return void socket.destroy();
  const hasEnded = error.code === "HPE_INVALID_EOF_STATE";
  // A client that ends its side while it waits has gone.
  if (hasEnded && isAnswering(socket)) return void socket.destroy();
  socket.pause(); // the rest of a request that is late would still be run
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  refusedSockets.set(socket, hasEnded ? undefined : status);
  refuseInTurn(status, socket);
  return status;
}

/** Answers the requests before it first: a client would take a refusal for the answer to one of these, or for part of it. */
function refuseInTurn(status: number, socket: AnsweringSocket): void {
  if (!canAnswer(socket)) return void socket.destroy();
  if (!isAnswering(socket)) return void refuse(status, socket);
  socket._httpMessage?.once("close", () => {
    // Wait until Node has looked for the next request, as it does when a response is finished.
    process.nextTick(() => refuseInTurn(status, socket));
  });
}

/** Whether a request has arrived whole, and its answer has not been sent whole. */
function isAnswering({ _httpMessage: response }: AnsweringSocket): boolean {
  return response?.req.complete === true;
}

/** Whether anything else can be answered, now or later: not if the answer to the very request that is malformed has begun. */
function canAnswer({ _httpMessage: response, writable }: AnsweringSocket): boolean {
  return writable && (response == null || response.req.complete || !response.headersSent);
}

function refuse(status: number, socket: AnsweringSocket): void {
  const phrase = STATUS_CODES[status];
  const body = JSON.stringify({ detail: phrase });
  closeWhenSent(
    socket,
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  const timer = setTimeout(() => socket.destroy(), REFUSAL_MS).unref();
  socket.once("close", () => clearTimeout(timer));
}

/**
 * Closes a connection once all that was written has been sent. If it were only ended, it would stay open for as long as
 * its client does not end it, too: a server's connections may be half open.
 *
 * @param last - What to send last.
 */
function closeWhenSent(socket: Duplex, last = ""): void {
  socket.end(last, () => socket.destroy());
}
