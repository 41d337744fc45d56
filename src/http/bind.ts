import type { FastifyInstance } from "fastify";
import { OffloopError } from "../errors/offloop-error.ts";

/**
 * Listens, and gives the URL.
 *
 * @throws {OffloopError} `OFFLOOP_PORT_UNAVAILABLE`.
 */
export async function bind(fastify: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await fastify.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !(code in reasons)) throw cause;
    throw new OffloopError("OFFLOOP_PORT_UNAVAILABLE", `Cannot listen on ${host}:${port}: ${reasons[code]}`, {
      fix:
        code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
          ? "give an address of this machine, like 127.0.0.1"
          : "stop what uses it, or give another port",
      cause,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there",
  EACCES: "this user may not",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the name is not known",
};
