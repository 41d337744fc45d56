import { App, Router } from "offloop";
import { z } from "zod";
import { twins } from "../fixtures/twins.ts";

/** A websocket whose rooms are sent to from outside of its sockets. */
const app = new App();
export default app;

const Note = z.object({ text: z.string(), likes: z.int().default(0) });
const joins = { open: async ({ socket, params }: Joining) => socket.join(params.room) };

interface Joining {
  readonly socket: { join(room: string): void };
  readonly params: { readonly room: string };
}

export const live = app.websocket(
  "/rooms/:room",
  { send: Note },
  {
    ...joins,
    message: async ({ params, message }) => {
      await live.to(params.room).send({ text: `${message}` });
    },
  },
);

app.websocket("/left/:room", {
  ...joins,
  message: async () => undefined,
  close: async ({ socket }) => {
    for (const room of socket.rooms) await socket.to(room).send(`left ${room}`);
  },
});

const note = async (room: string, text: string): Promise<void> => {
  const sent = { text, dropped: "by the schema" };
  await live.to(room).send(sent);
};
const send = app.task("send", note);
const sendLater = app.task("send-later", { durable: true }, note);

// Declared plain, though it is async on the loop: both lanes call it in the same way.
twins(app, "post", "/notes/:room", { status: 201 }, ({ params, request }) =>
  live.to(params.room).send({ text: request.headers.get("x-text") ?? "" }),
);
twins(app, "post", "/forgotten/:room", {}, ({ params }) => {
  live.to(params.room).send({ text: "nobody awaits this" });
  return "answered";
});
twins(app, "post", "/tasks/:room", {}, ({ params, background }) => {
  background.add(send, params.room, "of a task");
});
app.post("/loop/jobs/:room", async ({ params }) => void (await sendLater.enqueue(params.room, "of a job")));
app.post("/thread/jobs/:room", ({ params }) => void sendLater.enqueueSync(params.room, "of a job"));
app.post("/lies/:room", async ({ params }) => live.to(params.room).send({ text: 1 } as never));

twins(app, "get", "/urls", {}, ({ request }) => request.urlFor(live, { room: "tea" }));

const router = new Router();
const shared = router.websocket("/live/:room", { ...joins, message: async () => undefined });
app.include(router, { prefix: "/first" });
app.include(router, { prefix: "/second" });
const inner = new App();
inner.include(router);
app.mount("/inner", inner);
twins(app, "post", "/everywhere/:room", {}, async ({ params }) => shared.to(params.room).send("everywhere"));
