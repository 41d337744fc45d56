import { HandshakeRefused, type TestClient, type TestSocket } from "offloop/testing";
import type { Exchange, SocketFrame } from "./vector.ts";

/** Headers that belong to a handshake. */
const ofHandshake = new Set(["host", "connection", "accept", "accept-encoding"]);

/** A WebSocket of a recording, opened again. */
export class ReplayedSocket {
  readonly #frames: readonly (readonly ["c" | "s", SocketFrame])[];
  /** Undefined when the app has refused it. */
  readonly #socket: TestSocket | undefined;

  private constructor({ frames = [] }: Exchange, socket: TestSocket | undefined) {
    this.#frames = frames;
    this.#socket = socket;
  }

  static async open(
    client: TestClient,
    exchange: Exchange,
    headers: readonly [string, string][],
  ): Promise<ReplayedSocket> {
    const own = headers
      .filter(([name]) => !ofHandshake.has(name))
      .map(([name, value]): [string, string] => [name, value]);
    const socket = await client.websocket(exchange.request.url, { headers: own }).catch((error: unknown) => {
      if (error instanceof HandshakeRefused) return undefined;
      throw error;
    });
    return new ReplayedSocket(exchange, socket);
  }

  /** How it differs from the recorded one; undefined when it is equal. */
  async difference(): Promise<string | undefined> {
    const isRefused = !this.#frames.some(([, { type }]) => type === "websocket.accept");
    // A close before the handshake is a refusal by a response: the server then sends no frame.
    if (isRefused) return this.#socket === undefined ? undefined : "accepted, not refused";
    if (this.#socket === undefined) return "refused, not accepted";
    for (const [from, frame] of this.#frames) {
      const found = await (from === "c" ? this.#act(this.#socket, frame) : this.#expect(this.#socket, frame));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #act(socket: TestSocket, { type, text = "", code }: SocketFrame): Promise<undefined> {
    if (type === "websocket.receive") socket.send(text);
    else if (type === "websocket.disconnect") await socket.close(code);
  }

  async #expect(socket: TestSocket, { type, text, code }: SocketFrame): Promise<string | undefined> {
    if (type === "websocket.send") {
      const given = await socket.receive();
      return given === text ? undefined : `message ${JSON.stringify(given)}, not ${JSON.stringify(text)}`;
    }
    if (type !== "websocket.close") return undefined;
    const closed = await socket.closed;
    return closed.code === code ? undefined : `closed with ${closed.code}, not ${code}`;
  }
}
