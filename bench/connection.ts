import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A server that is silent for this long is taken for dead. */
const SILENCE_MS = 60_000;

/**
 * One keep-alive HTTP/1.1 connection that costs little to use. A request may be sent before earlier ones are answered;
 * the server answers in order.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #waiting: ((answeredAt: number) => void)[] = [];
  #received = "";
  #failure: Error | undefined;
  #onDrained: (() => void) | undefined;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true).setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#take(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.setTimeout(SILENCE_MS, () => {
      if (this.#waiting.length > 0) this.#fail(new Error(`no answer for ${SILENCE_MS} ms`));
    });
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return new Connection(socket, host);
  }

  /** @param onAnswer - Called when the whole response has arrived, with the time of `performance.now()`. */
  send(path: string, onAnswer: (answeredAt: number) => void): void {
    this.#waiting.push(onAnswer);
    this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n\r\n`);
  }

  /**
   * Resolves when everything sent has been answered.
   *
   * @throws {Error} When the connection broke, or an answer was not a 200.
   */
  async drained(): Promise<void> {
    if (this.#failure === undefined && this.#waiting.length > 0)
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    this.#socket.removeAllListeners("close").destroy();
  }

  #take(chunk: string): void {
    const answeredAt = performance.now();
    this.#received += chunk;
    for (let length = this.#responseLength(); length > 0; length = this.#responseLength()) {
      this.#received = this.#received.slice(length);
      this.#waiting.shift()?.(answeredAt);
    }
    if (this.#waiting.length === 0) this.#onDrained?.();
  }

  /** The length of the first response, or 0 while it is incomplete. */
  #responseLength(): number {
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd === -1) return 0;
    const head = this.#received.slice(0, headEnd);
    const bodyLength = /^content-length: (\d+)$/im.exec(head)?.[1];
    if (!head.startsWith("HTTP/1.1 200 ") || bodyLength === undefined) {
      this.#fail(new Error(`expected a 200 with its length, got ${head}`));
      return 0;
    }
    const length = headEnd + 4 + Number(bodyLength);
    return this.#received.length < length ? 0 : length;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#onDrained?.();
  }
}
