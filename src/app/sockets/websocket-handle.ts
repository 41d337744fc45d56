import { callerLocation } from "../../errors/location.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { SendToRoom, SocketOperation } from "./socket-operation.ts";
import type { WebSocketHandle } from "./websocket.ts";

// biome-ignore lint/suspicious/noExplicitAny: AddWebSocket says which it is
type AnyWebSocketHandle = WebSocketHandle<any, any, any>;

/** Makes what `app.websocket` returns. A websocket may be served several times: by two servers, or at two paths. */
export function createWebSocketHandle({ connection, rooms }: SocketOperation): AnyWebSocketHandle {
  const { path, inputs, location } = connection;
  return {
    path,
    params: inputs.params,
    location,
    to: (room) => ({
      // Not async: what a thread refuses is thrown at once, since a plain function would not await it.
      send: (message) => allSent(rooms.all.map((send) => send(room, message))),
    }),
  };
}

async function allSent(sending: readonly Promise<void>[]): Promise<void> {
  await Promise.all(sending);
}

/** Stands in for a websocket's rooms in a thread, where there are none. */
export function refuseToSend(id: string): SendToRoom {
  return () => {
    throw new OffloopError(
      "OFFLOOP_SOCKET_LANE",
      `Cannot send to a room of ${id} from a thread: its sockets are on the event loop`,
      {
        at: callerLocation(),
        fix: "make the function async, or add an async task that sends: background.add(task, ...)",
      },
    );
  };
}
