import { threadId } from "node:worker_threads";
import { App, depends, HTTPError, WebSocketError } from "offloop";
import { httpBearer } from "offloop/security";
import { z } from "zod";

/** Sockets of every kind, their messages on both lanes. */
const app = new App();

app.websocket("/echo", async ({ socket }) => {
  for await (const message of socket) await socket.send(message);
});
app.websocket("/loop/echo", { message: async ({ message }) => message });
app.websocket("/thread/echo", { message: ({ message }) => message });
app.websocket("/thread/where", { message: () => threadId });

const bearer = httpBearer();
const user = depends({ deps: { bearer } }, async ({ bearer }) => ({ name: bearer.credentials }));
const plainUser = depends({ deps: { user } }, ({ user }) => ({
  name: `${user.name}!`,
  thread: threadId > 0,
}));

app.websocket(
  "/rooms/:room",
  {
    params: { room: z.int() },
    query: { q: z.int().optional() },
    deps: { user, plainUser },
    message: z.object({ text: z.string() }),
    send: z.object({ text: z.string(), from: z.string(), room: z.int() }),
  },
  {
    open: async ({ socket, params }) => {
      if (params.room === 13) throw new HTTPError(404, "No such room");
      socket.join(String(params.room));
      await socket.to(String(params.room)).send({ text: "joined", from: "server", room: params.room });
    },
    message: ({ message, plainUser, params }) => ({
      text: message.text,
      from: plainUser.name,
      room: params.room,
    }),
    close: async () => {},
  },
);
app.websocket("/generator", {
  message: function* () {
    yield "a";
    yield "b";
  },
});
app.websocket("/fails", {
  message: ({ message }) => {
    if (message === "code") throw new WebSocketError(3001, "mine");
    if (message === "http") throw new HTTPError(404, "nothing");
    throw new Error("secret");
  },
});
export default app;
