import type { FastifyRequest } from "fastify";
import findMyWay from "find-my-way";
import type { Log } from "../../app/log.ts";
import { pathOfUrl } from "../../app/path.ts";
import type { RunnableSocket } from "../../lanes/sockets.ts";

/**
 * Handshakes that a proxy has made plain requests of. It drops `Upgrade`, which is for a single hop, unless it is told
 * to pass it on; the key of the handshake arrives. To the client that is a 404 of a path that exists, so the log says why.
 */
export class MissedHandshakes {
  readonly #router = findMyWay({ maxParamLength: Number.MAX_SAFE_INTEGER }); // the request's head is bounded already
  readonly #log: Log;
  /** Said once of each: such a client tries again and again. */
  readonly #said = new Set<string>();

  constructor(sockets: readonly RunnableSocket[], log: Log) {
    for (const { declaration } of sockets) {
      const { path, id } = declaration.connection;
      this.#router.on("GET", path, () => {}, { id });
    }
    this.#log = log;
  }

  /** Takes note of a request that nothing answers. */
  note({ raw }: FastifyRequest): void {
    if (raw.method !== "GET" || raw.headers["sec-websocket-key"] === undefined) return;
    if (raw.headers.upgrade !== undefined) return; // another mistake
    const found = this.#router.find("GET", pathOfUrl(raw.url ?? "/"));
    const { id } = (found?.store ?? {}) as { readonly id?: string };
    if (id === undefined || this.#said.has(id)) return;
    this.#said.add(id);
    this.#log.warn(
      { operation: id },
      `a handshake for ${id} arrived without its Upgrade header, so it is a plain GET: let the proxy pass on Upgrade and Connection`,
    );
  }
}
