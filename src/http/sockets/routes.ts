import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { guardsOf } from "../../app/layer.ts";
import { pathNames } from "../../app/path.ts";
import type { ResolvedSettings } from "../../app/settings.ts";
import { requestChannel } from "../../channels/channels.ts";
import type { RunOperation } from "../../lanes/around.ts";
import { type RunnableSocket, switching } from "../../lanes/sockets.ts";
import type { RequestContext } from "../../operation/context.ts";
import { errorReply, refusalOf } from "../../operation/error-reply.ts";
import { discardBody, emptyReply, type HeaderPairs, type RawReply } from "../../operation/raw.ts";
import type { Refusals } from "../refusals.ts";
import { HttpRequest, type RequestRoute } from "../request.ts";
import { lacksName, observeRequest } from "../routes.ts";
import type { AnswerServices } from "../surrounded-routes.ts";
import { closingOf } from "./closing.ts";
import { Handshake, handshakeMistake, takeConnection } from "./handshake.ts";
import { SocketLife } from "./life.ts";
import { LiveSocket, type SocketParts } from "./live-socket.ts";
import type { OpenSockets } from "./open-sockets.ts";
import { Rooms } from "./rooms.ts";

/** What all websockets of an app have in common. */
export interface SocketServices extends AnswerServices {
  readonly refusals: Refusals;
  readonly sockets: OpenSockets;
  readonly bounds: ResolvedSettings["websockets"];
  /** The prefix of the Fastify instance, which the paths begin with. */
  readonly mountedAt: string;
}

/** Adds a route for every websocket of an app. */
export function addSocketRoutes(
  fastify: FastifyInstance,
  sockets: readonly RunnableSocket[],
  services: SocketServices,
): void {
  for (const runnable of sockets) {
    const { connection } = runnable.declaration;
    const entrance = new Entrance(runnable, services);
    fastify.route({
      method: "GET",
      url: connection.path.slice(services.mountedAt.length),
      prefixTrailingSlash: "slash",
      constraints: { upgrade: "websocket" },
      config: { operation: connection },
      websocket: true,
      // Runs before the handshake is answered, so that the handshake can be refused.
      preHandler: (request, reply, done) => entrance.enter(request, reply, () => done()),
      handler: takeConnection,
    });
  }
}

/** Admits the clients of one websocket. */
class Entrance {
  readonly #runnable: RunnableSocket;
  readonly #services: SocketServices;
  readonly #route: RequestRoute;
  readonly #rooms = new Rooms();
  /** What arounds such as `trustedHosts` say to a handshake: 101 lets it in. */
  readonly #guard: RunOperation;
  #parts: SocketParts | undefined;

  constructor(runnable: RunnableSocket, services: SocketServices) {
    const { connection } = runnable.declaration;
    const hasParams = pathNames(connection.path).length > 0;
    const { rootPath, trustsProxy, log, lanes } = services;
    this.#runnable = runnable;
    this.#services = services;
    this.#guard = lanes.surround(guardsOf(connection), async () => switching);
    const served = { rootPath, trustsProxy, log };
    this.#route = { id: connection.id, operation: connection, hasParams, isSeen: true, ...served };
  }

  enter(request: FastifyRequest, reply: FastifyReply, proceed: () => void): void {
    const { refusals, sockets } = this.#services;
    if (this.#route.hasParams && lacksName(request.params as Record<string, string>))
      return void reply.callNotFound();
    const mistake = handshakeMistake(request.raw);
    if (mistake !== undefined) return void refusals.refuse(request, reply, mistake);
    if (requestChannel.hasSubscribers) observeRequest(request.id, this.#route.id, reply);
    const { subprotocols } = this.#runnable.declaration;
    const handshake = new Handshake(request, reply, subprotocols, proceed);
    const asked = new HttpRequest(request, reply, this.#route);
    this.#parts ??= this.#common();
    const parts = this.#parts;
    const onLeft = sockets.begin();
    void this.#guard(asked)
      .then((raw) => (raw.status === 101 ? this.#connect(asked, handshake, parts) : this.#refuse(asked, raw)))
      .then(onLeft, onLeft);
  }

  /** Resolves when the socket has ended. */
  async #connect(asked: HttpRequest, handshake: Handshake, parts: SocketParts): Promise<void> {
    const { sockets, lanes } = this.#services;
    let opened: LiveSocket | undefined;
    const ended = this.#runnable.connect(asked, (context, onAccepted) => {
      const socket = new LiveSocket(parts, {
        id: asked.id,
        begin: () => this.#runnable.begin(asked),
        upgrade: (take) =>
          handshake.answer(headersOf(context), (connection) => {
            take(connection);
            sockets.add(asked, socket, connection);
            onAccepted();
          }),
      });
      opened = socket;
      return new SocketLife(this.#runnable, asked, socket, lanes).live(context);
    });
    await this.#leave(asked, opened, await ended);
  }

  #refuse(asked: HttpRequest, raw: RawReply): void {
    asked.reply.header("connection", "close");
    this.#services.wayOut.send(asked, refusalOf(raw));
  }

  /** Computed when the first socket is opened. */
  #common(): SocketParts {
    const { format, declaration } = this.#runnable;
    return {
      format,
      rooms: this.#rooms,
      bounds: this.#services.bounds,
      isWhole: declaration.message === undefined,
      onInvalid: declaration.onInvalid,
    };
  }

  /** When a socket has ended: reports its error, closes it, then runs its background tasks and closes its dependencies. */
  async #leave(asked: HttpRequest, socket: LiveSocket | undefined, reply: RawReply): Promise<void> {
    const { lanes } = this.#services;
    if (socket?.isAccepted !== true) return this.#refuse(asked, reply);
    const { connection } = this.#runnable.declaration;
    const note = async (failed: RawReply): Promise<void> => {
      await lanes.arounds.failure(connection, asked, failed).catch(() => {});
    };
    const { error, status, background = [], finish, endTasks } = reply;
    // Code that waits for a client, or passes `signal` on, learns through an error that the client has gone.
    if (error !== undefined && (error.type !== "AbortError" || socket.isOpen)) await note(reply);
    socket.end((status === 200 ? undefined : closingOf(reply)) ?? { code: 1000, reason: "" });
    discardBody(reply);
    lanes.background.start(asked.id, connection.id, background, async (failure) => {
      endTasks?.();
      await finish?.(failure).catch((thrown: unknown) => note(errorReply(thrown)));
    });
  }
}

/** The headers of the answer to a handshake, including the session cookie, which cannot change after that. */
function headersOf(context: RequestContext): HeaderPairs {
  return context.sealed({ ...emptyReply, headers: context.chosenHeaders }).headers ?? [];
}
