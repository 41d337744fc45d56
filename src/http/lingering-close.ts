import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How long to read what is still sent of a refused body, and how long to wait for more of it: nginx's times. */
const MAX_MS = 30_000;
const IDLE_MS = 5_000;

const lingering = new WeakSet<Socket>();

/** Whether all that keeps a connection open is a client that still sends what nobody reads. */
export function isLingering(socket: Socket): boolean {
  return lingering.has(socket);
}

/**
 * Keeps a connection, which ends with this response, open until its client has stopped sending the body. Closed at once,
 * it would be reset by the system, and a client that is still sending would see that in place of the answer.
 */
export function lingerAfter({ req: request }: ServerResponse): void {
  const { socket } = request;
  // Node calls this when it has written the last response of a connection.
  socket.destroySoon = () => {
    Reflect.deleteProperty(socket, "destroySoon");
    if (request.complete) return socket.destroySoon();
    lingering.add(socket);
    socket.end();
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), MAX_MS).unref();
    socket.once("close", () => clearTimeout(timer));
    request.once("end", () => socket.destroySoon());
    request.resume();
  };
}

/** Has the connection closed as usual after all, as there is nothing left that a client might still send. */
export function lingerNoMore({ req: { socket } }: ServerResponse): void {
  Reflect.deleteProperty(socket, "destroySoon");
}
