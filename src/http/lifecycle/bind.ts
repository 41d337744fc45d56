import { once } from "node:events";
import { existsSync, rmSync, type Stats, statSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { dirname } from "node:path";
import type { FastifyInstance } from "fastify";
import { integer } from "../../app/integer.ts";
import { isSupervised } from "../../app/settings/supervision.ts";
import { OffloopError } from "../../errors/offloop-error.ts";

/** Where a server listens: at an address or on a Unix socket. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** Path of a Unix socket to listen on instead. */
  readonly socket: string | undefined;
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when the port is not valid. */
export function placeOf({
  host = "127.0.0.1",
  port = 8000,
  socket,
}: { readonly [key in keyof Place]?: Place[key] | undefined }): Place {
  return { host, port: integer("port", port, [0, 65_535]), socket };
}

/**
 * Listens, and returns the URL: `http://127.0.0.1:8000`, or `unix:/run/app.sock`.
 *
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`.
 */
export async function bind(fastify: FastifyInstance, { host, port, socket }: Place): Promise<string> {
  try {
    if (socket === undefined) return await fastify.listen({ host, port });
    if (!isSupervised) await removeStale(socket);
    // A proxy runs as another user. Who may connect is said by the folder, as with a port: by all who can reach it.
    await fastify.listen({ path: socket, readableAll: true, writableAll: true });
    return `unix:${socket}`;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !(code in reasons)) throw cause;
    const where = socket ?? `${host}:${port}`;
    const reason = (isFolderMissing(socket) ? reasons.ENOENT : reasons[code]) as string;
    throw unavailable(where, reason, fixOf(code, socket), cause);
  }
}

/** The system says that it may not listen there, as if the folder were another user's. */
function isFolderMissing(socket: string | undefined): boolean {
  return socket !== undefined && !existsSync(dirname(socket));
}

function unavailable(where: string, reason: string, fix: string, cause?: unknown): OffloopError {
  return new OffloopError("OFFLOOP_PORT_UNAVAILABLE", `Cannot listen on ${where}: ${reason}`, {
    fix,
    ...(cause !== undefined && { cause }),
  });
}

/** The port it listens on; 0 for a Unix socket. */
export function portOf({ server }: FastifyInstance): number {
  const address = server.address() as AddressInfo | string;
  return typeof address === "string" ? 0 : address.port;
}

/**
 * Removes the socket file of a killed process, where nothing answers. A primary does this once, before its workers start.
 *
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE` when something else is there, like a file of the user's: connecting to
 * it is refused as if it were a socket that nobody listens on.
 */
export async function removeStale(socket: string): Promise<void> {
  const there = statsOf(socket);
  if (there?.isSocket() === false)
    throw unavailable(
      socket,
      `there is a ${there.isDirectory() ? "folder" : "file"} of this name, which is no socket`,
      "give another path, or remove it if nobody needs it",
    );
  const client = connect(socket);
  try {
    await once(client, "connect");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") rmSync(socket, { force: true });
  } finally {
    client.destroy();
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined; // listening says what is wrong
  }
}

function fixOf(code: string, socket: string | undefined): string {
  if (socket !== undefined)
    return "stop what uses it, or name a file in a folder that this user may write to";
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return "give an address of this machine, like 127.0.0.1";
  return "stop what uses it, or give another port";
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there",
  EACCES: "this user may not",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the name is not known",
  ENOENT: "there is no such folder",
  EINVAL: "the path is too long",
};
