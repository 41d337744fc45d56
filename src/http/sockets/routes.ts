import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { guardsOf } from "../../app/layer.ts";
import { pathNames } from "../../app/path.ts";
import type { ResolvedSettings } from "../../app/settings/settings.ts";
import { requestChannel } from "../../channels/channels.ts";
import type { RunOperation } from "../../lanes/around.ts";
import { type RunnableSocket, switching } from "../../lanes/sockets.ts";
import { refusalOf } from "../../operation/error-reply.ts";
import type { RawReply } from "../../operation/raw.ts";
import type { AddedRoutes } from "../added-routes.ts";
import type { Refusals } from "../connections/refusals.ts";
import { HttpRequest, type RequestRoute } from "../request.ts";
import { lacksName, observeRequest } from "../routes.ts";
import type { AnswerServices } from "../surrounded-routes.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import { Handshake, handshakeMistake, takeConnection } from "./handshake.ts";
import type { OpenSockets } from "./open-sockets.ts";
import { Rooms, sendToRoom } from "./rooms.ts";

/** What all websockets of an app have in common. */
export interface SocketServices extends AnswerServices {
  readonly refusals: Refusals;
  readonly sockets: OpenSockets;
  readonly bounds: ResolvedSettings["websockets"];
  /** The prefix of the Fastify instance, which the paths begin with. */
  readonly mountedAt: string;
  readonly added: AddedRoutes;
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
    const unbind = runnable.declaration.rooms.bind((room, message) => entrance.sendTo(room, message));
    fastify.addHook("onClose", async () => unbind());
    services.added.add(connection, ["GET"], () =>
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
      }),
    );
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
  #parts: ConnectionParts | undefined;

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
    sockets.began();
    void this.#admit(new HttpRequest(request, reply, this.#route), handshake);
  }

  /** Sends to everyone in a room, whoever asks for it. */
  sendTo(room: string, message: unknown): Promise<void> {
    return sendToRoom({ format: this.#runnable.format, rooms: this.#rooms }, room, message);
  }

  async #admit(asked: HttpRequest, handshake: Handshake): Promise<void> {
    this.#parts ??= this.#common();
    const answer = await this.#guard(asked);
    const refusal =
      answer.status === 101 ? await new Connection(this.#parts, asked, handshake).open() : answer;
    if (refusal === undefined) return;
    this.#services.sockets.ended();
    this.#refuse(asked, refusal);
  }

  #refuse(asked: HttpRequest, raw: RawReply): void {
    asked.reply.header("connection", "close");
    this.#services.wayOut.send(asked, refusalOf(raw));
  }

  /** Computed when the first socket is opened. */
  #common(): ConnectionParts {
    const { format, declaration } = this.#runnable;
    const { bounds, lanes, sockets } = this.#services;
    return {
      format,
      rooms: this.#rooms,
      isWhole: declaration.message === undefined,
      onInvalid: declaration.onInvalid,
      runnable: this.#runnable,
      bounds,
      lanes,
      sockets,
    };
  }
}
