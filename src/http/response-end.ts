import { AsyncResource } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { finished } from "node:stream";
import type { ResponseOutcome } from "../channels/channels.ts";
import type { Failure } from "../operation/open-dependencies.ts";

/** A response whose body is produced while it is sent, as outside observers see it. */
export interface StreamedResponse {
  /** When its head was sent, from `performance.now()`. */
  readonly startedAt: number;
  /** Whether the source of its chunks threw: the response broke off, and not because of its client. */
  isBroken: boolean;
  /** What the source of its chunks threw. */
  failure: Failure | undefined;
}

const streamed = new WeakMap<ServerResponse, StreamedResponse>();

/** From now on, a response is one whose body is produced while it is sent. */
export function beginStream(raw: ServerResponse): StreamedResponse {
  const response = { startedAt: performance.now(), isBroken: false, failure: undefined };
  streamed.set(raw, response);
  return response;
}

/** Undefined for a response whose body was ready at once. */
export function streamOf(raw: ServerResponse): Readonly<StreamedResponse> | undefined {
  return streamed.get(raw);
}

/** How a response ended, for everything that reports it: the log, metrics, spans, channels and the request's `signal`. */
export function outcomeOf(raw: ServerResponse): ResponseOutcome {
  if (raw.statusCode === 101) return "sent"; // the answer to a handshake closes with its socket
  if (streamed.get(raw)?.isBroken === true) return "broken";
  if (!isCutShort(raw)) return "sent";
  return cutSockets.has(raw.req.socket) ? "cut" : "gone";
}

/** Whether a response ended before all of it was sent. */
export function isCutShort(raw: ServerResponse): boolean {
  if (!raw.destroyed || raw.writableFinished) return false;
  // In process, as testClient asks, a response is whole once it has ended: its socket stays open and is never drained.
  return !raw.writableEnded || raw.socket?.destroyed !== false;
}

/** Those that a shutdown has cut: what was not answered there had a client. */
const cutSockets = new WeakSet<Socket>();

/** Cuts connections because the server shuts down. */
export function cutAll(sockets: Iterable<Socket>): void {
  const open = [...sockets].filter(({ destroyed }) => !destroyed); // the others' clients have left before
  for (const socket of open) cutSockets.add(socket); // all of them first: with https one brings down another
  for (const socket of open) socket.destroy();
}

/** Called when a response is over, however it ended. */
type OnOver = () => void;

const waiting = new WeakMap<ServerResponse, OnOver[]>();

/**
 * Calls a function once a response has been sent or has ended without that, in the async context it was given in. All
 * functions of a response share one listener: with one each, Node would warn of a leak.
 */
export function whenOver(raw: ServerResponse, run: OnOver): void {
  const others = waiting.get(raw);
  if (others !== undefined) {
    // AsyncLocalStorage.bind() takes as long as a good part of a request.
    const context = new AsyncResource("offloop.response-over");
    return void others.push(() => context.runInAsyncScope(run));
  }
  const all = [run]; // finished() keeps the context of this first one
  waiting.set(raw, all);
  finished(raw, () => {
    waiting.delete(raw);
    for (const one of all) one();
  });
}
