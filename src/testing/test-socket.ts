import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ClientOptions, RawData, WebSocket } from "ws";
import { DAY_MS, integer } from "../app/integer.ts";
import type { RawMessage, SocketClosing } from "../app/sockets/socket.ts";
import { shortened } from "../errors/shown-value.ts";
import { clearTimeout, setTimeout } from "../errors/timers.ts";
import { byName, type SentRequest, type TestRequest } from "./test-request.ts";
import { headersOf } from "./way.ts";

/** The parts of a handshake other than its path. */
export interface TestSocketRequest extends Pick<TestRequest, "headers" | "query"> {
  /** The subprotocols to offer, the preferred one first. Default none. */
  readonly subprotocols?: readonly string[] | undefined;
  /**
   * How long `receive` waits for a message before it rejects, so that a test fails instead of hanging. Milliseconds,
   * 1-86,400,000. Default 10,000.
   */
  readonly receiveTimeoutMs?: number | undefined;
}

/**
 * Thrown when the server refuses a handshake, with the server's response; its message has path, status and body.
 *
 * @example
 * ```ts
 * import { App, HTTPError } from "offloop";
 * import { HandshakeRefused, testClient } from "offloop/testing";
 *
 * const app = new App();
 * app.websocket("/full", { open: async () => { throw new HTTPError(409, "Full"); }, message: async () => {} });
 *
 * await using client = await testClient(app);
 * await client.websocket("/full").catch((error: unknown) => {
 *   if (error instanceof HandshakeRefused) console.log(error.response.status); // 409
 * });
 * ```
 */
export class HandshakeRefused extends Error {
  /** The server's response. */
  readonly response: Response;

  /** @internal */
  constructor(path: string, response: Response, body: string) {
    super(`The handshake of ${path} was answered with ${response.status}${body && `: ${body}`}`);
    this.name = "HandshakeRefused";
    this.response = response;
  }
}

/** A WebSocket to the app under test; Starlette's `WebSocketTestSession`. */
export interface TestSocket extends AsyncIterable<RawMessage>, AsyncDisposable {
  /** The agreed subprotocol; empty for none. */
  readonly subprotocol: string;
  /** The headers of the answer to the handshake. */
  readonly headers: Headers;
  /** Resolves when it is closed, by either side, with the code and the reason. */
  readonly closed: Promise<SocketClosing>;
  /** Sends text or bytes. */
  send(message: RawMessage): void;
  /** Sends a value as JSON. */
  sendJson(message: unknown): void;
  /**
   * The next message: text or bytes; undefined when the socket is closed. Rejects when none has come for
   * `receiveTimeoutMs`.
   */
  receive(): Promise<RawMessage | undefined>;
  /** The next message, parsed as JSON. You choose the type: nothing checks it. Rejects when the socket is closed. */
  receiveJson<Message = unknown>(): Promise<Message>;
  /** Closes it, and resolves once it is closed. Default 1000, without a reason. */
  close(code?: number, reason?: string): Promise<SocketClosing>;
}

/** What is sent with a handshake. */
export interface OpeningSocket {
  readonly path: string;
  readonly headers: SentRequest["headers"];
  readonly subprotocols?: readonly string[] | undefined;
  readonly receiveTimeoutMs?: number | undefined;
}

const RECEIVE_TIMEOUT_MS = 10_000;

/** Opens a WebSocket to an address, over a connection made by `connect`. */
export async function openTestSocket(
  url: string,
  { path, headers, subprotocols = [], receiveTimeoutMs = RECEIVE_TIMEOUT_MS }: OpeningSocket,
  connect: () => Duplex,
): Promise<TestSocket> {
  const waitMs = integer("receiveTimeoutMs", receiveTimeoutMs, [1, DAY_MS]);
  const { WebSocket } = await import("ws");
  const options = { headers: byName(headers), createConnection: connect };
  // Its types support neither repeated names nor connections that are not sockets.
  const socket = new WebSocket(
    url.replace(/^http/, "ws") + path,
    [...subprotocols],
    options as unknown as ClientOptions,
  );
  const opened = new OpenedSocket(socket, path, waitMs);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
    socket.once("unexpected-response", (_request, response: IncomingMessage) => {
      void refusal(path, response).then(reject, reject);
    });
  });
  return opened;
}

class OpenedSocket implements TestSocket {
  readonly closed: Promise<SocketClosing>;
  headers = new Headers();
  readonly #socket: WebSocket;
  readonly #messages: RawMessage[] = [];
  readonly #path: string;
  readonly #waitMs: number;
  #waiting: ((message: RawMessage | undefined) => void)[] = [];
  #isClosed = false;

  constructor(socket: WebSocket, path: string, waitMs: number) {
    this.#socket = socket;
    this.#path = path;
    this.#waitMs = waitMs;
    socket.on("error", () => {}); // its close follows
    socket.once("upgrade", (response) => {
      this.headers = headersOf(response);
    });
    socket.on("message", (data, isBinary) => this.#take(isBinary ? bytesOf(data) : String(data)));
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        this.#isClosed = true;
        for (const give of this.#waiting.splice(0)) give(undefined);
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  get subprotocol(): string {
    return this.#socket.protocol;
  }

  send(message: RawMessage): void {
    this.#socket.send(message);
  }

  sendJson(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  async receive(): Promise<RawMessage | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined || this.#isClosed) return message;
    // Made here, so that its stack leads to the test.
    const late = new Error(`No message has come from ${this.#path} for ${this.#waitMs} ms; it is still open`);
    return new Promise((resolve, reject) => {
      const give = (next: RawMessage | undefined): void => {
        clearTimeout(timer);
        resolve(next);
      };
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== give);
        reject(late);
      }, this.#waitMs);
      this.#waiting.push(give);
    });
  }

  async receiveJson<Message>(): Promise<Message> {
    const message = await this.receive();
    if (message !== undefined) return JSON.parse(String(message)) as Message;
    const { code, reason } = await this.closed;
    throw new Error(`The socket is closed: ${code} ${reason}`);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RawMessage> {
    for (let message = await this.receive(); message !== undefined; message = await this.receive())
      yield message;
  }

  close(code = 1000, reason?: string): Promise<SocketClosing> {
    this.#socket.close(code, reason);
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #take(message: RawMessage): void {
    const give = this.#waiting.shift();
    if (give === undefined) this.#messages.push(message);
    else give(message);
  }
}

function bytesOf(data: RawData): Uint8Array {
  return new Uint8Array(data as Buffer);
}

/** How much of a refusal's body its message shows. */
const SHOWN_CHARS = 500;

async function refusal(path: string, response: IncomingMessage): Promise<HandshakeRefused> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return new HandshakeRefused(
    path,
    new Response(body, { status: response.statusCode ?? 0, headers: headersOf(response) }),
    shortened(body.toString(), SHOWN_CHARS),
  );
}
