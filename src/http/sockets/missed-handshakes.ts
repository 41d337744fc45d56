import type { FastifyRequest } from "fastify";
import findMyWay from "find-my-way";
import type { Log } from "../../app/log.ts";
import type { Operation } from "../../app/operation.ts";
import { pathOfUrl, withOtherSlash } from "../../app/path.ts";
import type { RunnableSocket } from "../../lanes/sockets.ts";
import { isUpgrade } from "../not-found.ts";

/** What a handshake has missed, and what is to be done. */
interface Missed {
  /** The websocket or operation at its path. */
  readonly id: string;
  readonly why: string;
}

type Router = ReturnType<typeof findMyWay>;

interface Routers {
  readonly sockets: Router;
  readonly operations: Router;
}

/** What handshakes may ask for. */
interface Served {
  readonly sockets: readonly RunnableSocket[];
  readonly operations: readonly Pick<Operation, "id" | "method" | "path">[];
}

/**
 * Handshakes that no websocket takes. The client gets a 404, often for a path that exists, so the log says why. It says so
 * once for each websocket and operation, since such a client tries again and again.
 */
export class MissedHandshakes {
  readonly #served: Served;
  readonly #log: Log;
  readonly #said = new Set<string>();
  /** Made when the first handshake is missed. */
  #routers: Routers | undefined;

  constructor(served: Served, log: Log) {
    this.#served = served;
    this.#log = log;
  }

  /** Takes note of a request that nothing answers. */
  note(request: FastifyRequest): void {
    const { method, headers } = request.raw;
    if (method !== "GET" || headers["sec-websocket-key"] === undefined) return;
    const missed = this.#find(request);
    if (missed === undefined || this.#said.has(missed.id)) return;
    this.#said.add(missed.id);
    this.#log.warn({ operation: missed.id }, missed.why);
  }

  #find(request: FastifyRequest): Missed | undefined {
    const { url = "/", headers } = request.raw;
    const path = pathOfUrl(url);
    const { sockets, operations } = this.#made();
    if (headers.upgrade === undefined) return missing(found(sockets, path), withoutUpgrade);
    if (!isUpgrade(request)) return undefined; // another mistake
    if (isSocketIo(url)) return socketIo;
    return (
      missing(found(sockets, withOtherSlash(path)), (id) => otherSlash(id, path)) ??
      missing(found(operations, path), noWebSocket)
    );
  }

  #made(): Routers {
    const { sockets, operations } = this.#served;
    this.#routers ??= {
      sockets: routerOf(sockets.map(({ declaration }) => declaration.connection)),
      operations: routerOf(operations.filter(({ method }) => method === "GET")),
    };
    return this.#routers;
  }
}

function missing(id: string | undefined, why: (id: string) => Missed): Missed | undefined {
  return id === undefined ? undefined : why(id);
}

/** A proxy drops `Upgrade`, which is for a single hop, unless it is set up to pass it on; the key of the handshake arrives. */
function withoutUpgrade(id: string): Missed {
  return {
    id,
    why: `a handshake for ${id} arrived without its Upgrade header, so it is a plain GET: let the proxy pass on Upgrade and Connection`,
  };
}

function otherSlash(id: string, path: string): Missed {
  const slash = path.endsWith("/") ? "without the slash at the end" : "with a slash at the end";
  return {
    id,
    why: `a handshake missed ${id}, which no redirect leads to: let the client ask for it ${slash}`,
  };
}

function noWebSocket(id: string): Missed {
  return {
    id,
    why: `a handshake for ${id}, which is no websocket, was answered with 404: declare one with app.websocket, or let the client ask with fetch`,
  };
}

function isSocketIo(url: string): boolean {
  return url.includes("/socket.io/") && url.includes("EIO=");
}

const socketIo: Missed = {
  id: "Socket.IO",
  why: "a handshake of Socket.IO, which is a protocol of its own, was answered with 404: let the client use new WebSocket(url)",
};

function routerOf(operations: readonly Pick<Operation, "id" | "path">[]): Router {
  const router = findMyWay({ maxParamLength: Number.MAX_SAFE_INTEGER }); // the request's head is bounded already
  for (const { path, id } of operations) router.on("GET", path, () => {}, { id });
  return router;
}

/** The id of what answers a path. */
function found(router: Router, path: string): string | undefined {
  if (path === "") return undefined;
  const { id } = (router.find("GET", path)?.store ?? {}) as { readonly id?: string };
  return id;
}
