import { randomBytes } from "node:crypto";
import { openSocket, type RawSocket } from "../fixtures/raw-socket.ts";

export const TEXT = 0x1;
export const BINARY = 0x2;
export const CONTINUATION = 0x0;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** A frame as it is read, RFC 6455, section 5.2. */
export interface ReadFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** How a frame is written, where not as it should be. */
export interface FrameFaults {
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** The three reserved bits. */
  readonly rsv?: number;
}

/** One frame of a client. */
export function frame(opcode: number, content: string | ArrayLike<number>, faults: FrameFaults = {}): Buffer {
  const { fin = true, masked = true, rsv = 0 } = faults;
  const payload = typeof content === "string" ? Buffer.from(content) : Buffer.from(Uint8Array.from(content));
  const length =
    payload.length < 126
      ? Buffer.from([payload.length])
      : payload.length < 65_536
        ? Buffer.from([126, payload.length >> 8, payload.length & 255])
        : Buffer.concat([Buffer.from([127, 0, 0, 0, 0]), uint32(payload.length)]);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  if (!masked) return Buffer.concat([Buffer.from([first]), length, payload]);
  length[0] = (length[0] as number) | 0x80;
  const mask = randomBytes(4);
  const hidden = payload.map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([Buffer.from([first]), length, mask, hidden]);
}

/** The payload of a close frame. */
export function closing(code: number, reason: string | ArrayLike<number> = ""): Buffer {
  return Buffer.concat([
    Buffer.from([code >> 8, code & 255]),
    typeof reason === "string" ? Buffer.from(reason) : Uint8Array.from(reason),
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A client that writes bytes as the test says, and reads frames. */
export interface RawClient {
  readonly raw: RawSocket;
  /** The head of the handshake's answer. */
  readonly head: string;
  send(...frames: Uint8Array[]): void;
  /** The next frame; undefined when the connection has ended. */
  next(): Promise<ReadFrame | undefined>;
  /** The code and reason of the close frame that comes next; undefined when the connection ends without one. */
  closed(): Promise<{ code: number; reason: string } | undefined>;
  end(): void;
}

/** The key of the RFC's example. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** The head of a handshake. */
export function handshake(path: string, headers: Readonly<Record<string, string | undefined>> = {}): string {
  const all: Record<string, string | undefined> = {
    Host: "x",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/**
 * Opens one.
 *
 * @param first - What goes out with the handshake, in one piece.
 */
export async function openRaw(
  url: string,
  path: string,
  first: readonly Uint8Array[] = [],
): Promise<RawClient> {
  const raw = await openSocket(url);
  raw.send(Buffer.concat([Buffer.from(handshake(path)), ...first]));
  const answer = await raw.until((received) => received.includes("\r\n\r\n"));
  const start = answer.indexOf("\r\n\r\n") + 4;
  let at = start;
  const next = async (): Promise<ReadFrame | undefined> => {
    for (;;) {
      const found = readFrame(Buffer.from(raw.received, "latin1"), at);
      if (found !== undefined) {
        at = found.end;
        return found;
      }
      if (raw.socket.destroyed) return undefined;
      const length = raw.received.length;
      await raw.until((received) => received.length > length || raw.socket.destroyed);
    }
  };
  return {
    raw,
    head: answer.slice(0, start),
    send: (...frames) => raw.send(Buffer.concat(frames)),
    next,
    closed: async () => {
      for (let one = await next(); one !== undefined; one = await next()) {
        if (one.opcode !== CLOSE) continue;
        const code = one.payload.length < 2 ? 1005 : one.payload.readUInt16BE();
        return { code, reason: one.payload.subarray(2).toString() };
      }
      return undefined;
    },
    end: () => raw.socket.destroy(),
  };
}

function readFrame(bytes: Buffer, at: number): (ReadFrame & { end: number }) | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = (bytes[at + 1] as number) & 0x7f;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < at + head) return undefined;
  const length =
    short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? bytes.readUInt32BE(at + 6) : short;
  const end = at + head + length;
  if (bytes.length < end) return undefined;
  return { opcode: (bytes[at] as number) & 0xf, payload: bytes.subarray(at + head, end), end };
}
