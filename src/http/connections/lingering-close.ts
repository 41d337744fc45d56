import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How long to read what is still sent of a refused body, and how long to wait for more of it: nginx's times. */
const MAX_MS = 30_000;
const IDLE_MS = 5_000;

const lingering = new WeakSet<Socket>();

/** Whether a connection is only still open because its client sends what nobody reads. */
export function isLingering(socket: Socket): boolean {
  return lingering.has(socket);
}

/**
 * Keeps a connection, which ends with this response, open until its client has stopped sending the body. If it were
 * closed at once, the system would reset it, and a client that is still sending would see that instead of the answer.
 *
 * @returns A function that has the connection closed as usual after all, since the body has been read.
 */
export function lingerAfter({ req: request }: ServerResponse): () => void {
  const { socket } = request;
  // Node calls this public method after the last response of a connection, and has no option to close it more slowly.
  socket.destroySoon = () => {
    Reflect.deleteProperty(socket, "destroySoon");
    if (request.complete) return void socket.destroySoon();
    lingering.add(socket);
    socket.end();
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), MAX_MS).unref();
    socket.once("close", () => clearTimeout(timer));
    request.once("end", () => socket.destroySoon());
    request.resume();
  };
  return () => void Reflect.deleteProperty(socket, "destroySoon");
}
