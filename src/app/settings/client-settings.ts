import { boundsOf, DAY_MS, GiB, HOUR_MS, MiB } from "../integer.ts";
import type { Resolved } from "./resolved.ts";

/** Limits on clients. */
export interface ConnectionSettings {
  /**
   * Largest request head, including the URL, in bytes; larger ones are answered with 431. Integer, 1,024-1,048,576.
   * Default 16 KiB.
   */
  readonly maxHeaderBytes?: number | undefined;
  /**
   * How long a client may take to send a request's head; after that the answer is 408. Milliseconds, 1-3,600,000.
   * Default 15,000.
   */
  readonly headersTimeoutMs?: number | undefined;
  /**
   * How long a client may take to send a whole request; after that the answer is 408. Milliseconds, 1-3,600,000.
   * Default 300,000.
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * How long a client may take nothing of what it is sent; after that its connection is cut. Milliseconds, 1-3,600,000.
   * Default 60,000.
   */
  readonly sendTimeoutMs?: number | undefined;
  /** How long to keep an idle connection. Milliseconds, 1-3,600,000. Default 72,000. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /**
   * Requests of one connection that may run before an earlier one has been answered; the rest wait their turn. Integer,
   * 1-10,000. Default 64.
   */
  readonly maxPipelined?: number | undefined;
}

/** The names of all these settings. */
export const connectionSettingNames: Readonly<Record<keyof ConnectionSettings, true>> = {
  maxHeaderBytes: true,
  headersTimeoutMs: true,
  requestTimeoutMs: true,
  sendTimeoutMs: true,
  keepAliveTimeoutMs: true,
  maxPipelined: true,
};

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
export function resolveConnections(connections: ConnectionSettings): Resolved<ConnectionSettings> {
  const bound = boundsOf(connections, "connections.");
  return {
    maxHeaderBytes: bound("maxHeaderBytes", 16_384, [1_024, MiB]),
    headersTimeoutMs: bound("headersTimeoutMs", 15_000, [1, HOUR_MS]),
    requestTimeoutMs: bound("requestTimeoutMs", 300_000, [1, HOUR_MS]),
    sendTimeoutMs: bound("sendTimeoutMs", 60_000, [1, HOUR_MS]),
    keepAliveTimeoutMs: bound("keepAliveTimeoutMs", 72_000, [1, HOUR_MS]),
    maxPipelined: bound("maxPipelined", 64, [1, 10_000]),
  };
}

/** Limits on websockets. */
export interface WebSocketSettings {
  /**
   * Largest message from a client, in bytes; a larger one closes the socket with 1009. Integer, 1-1,073,741,824.
   * Default 1 MiB.
   */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Messages of a socket that may wait to be handled; at this number nothing more is read, which slows the client down.
   * What a single read brings may exceed it. Integer, 1-100,000. Default 32.
   */
  readonly maxQueuedMessages?: number | undefined;
  /**
   * How much is buffered of a socket's messages that its client has not taken yet, in bytes; beyond that the socket is
   * closed with 1008. Awaited sends never get there. Integer, 1,024-1,073,741,824. Default 1 MiB.
   */
  readonly maxBufferBytes?: number | undefined;
  /**
   * How long a client may be silent. Halfway it is sent a ping; it is taken for gone if nothing has come by the end.
   * Milliseconds, 100-86,400,000. Default 40,000.
   */
  readonly idleMs?: number | undefined;
}

/** The names of all these settings. */
export const webSocketSettingNames: Readonly<Record<keyof WebSocketSettings, true>> = {
  maxMessageBytes: true,
  maxQueuedMessages: true,
  maxBufferBytes: true,
  idleMs: true,
};

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range. */
export function resolveWebSockets(websockets: WebSocketSettings): Resolved<WebSocketSettings> {
  const bound = boundsOf(websockets, "websockets.");
  return {
    maxMessageBytes: bound("maxMessageBytes", MiB, [1, GiB]),
    maxQueuedMessages: bound("maxQueuedMessages", 32, [1, 100_000]),
    maxBufferBytes: bound("maxBufferBytes", MiB, [1_024, GiB]),
    idleMs: bound("idleMs", 40_000, [100, DAY_MS]),
  };
}
