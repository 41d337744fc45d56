import {
  App,
  depends,
  type MessageContext,
  Router,
  type Socket,
  type SocketContext,
  type WebSocketHandle,
} from "offloop";
import { z } from "zod";

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that must not compile. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void {}

const app = new App();
const user = depends(async () => ({ name: "Ada" }));
const Said = z.object({ text: z.string(), at: z.coerce.date() });
const Heard = z.object({ from: z.string(), length: z.int().default(0) });

app.websocket("/rooms/:room", async ({ socket, params }) => {
  same<typeof params.room, string>();
  same<typeof socket, Socket<string | Uint8Array, unknown>>();
  for await (const message of socket) same<typeof message, string | Uint8Array>();
  // @ts-expect-error the path has no such name
  params.other;
});

app.websocket(
  "/rooms/:room",
  {
    params: { room: z.int() },
    query: { q: z.string().optional() },
    deps: { user },
    message: Said,
    send: Heard,
  },
  {
    open: async ({ socket, params, query, user }) => {
      same<typeof params.room, number>();
      same<typeof query.q, string | undefined>();
      same<typeof user, { name: string }>();
      await socket.send({ from: user.name });
      // @ts-expect-error it does not fit the send schema
      await socket.send({ from: 1 });
      await socket.to("all").send({ from: user.name, length: 1 });
      // @ts-expect-error it does not fit the send schema
      await socket.to("all").send("hello");
    },
    message: ({ message, user }) => {
      same<typeof message, { text: string; at: Date }>();
      return { from: user.name, length: message.text.length };
    },
    close: async ({ code, reason }) => {
      same<typeof code, number>();
      same<typeof reason, string>();
    },
  },
);

app.websocket("/", { send: Heard }, { message: async () => ({ from: "Ada" }) });
app.websocket("/", { send: Heard }, { message: () => undefined });
app.websocket(
  "/",
  { send: Heard },
  {
    message: function* () {
      yield { from: "Ada" };
    },
  },
);
// A literal stays one, as in an operation's result.
const Step = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("moved"), by: z.int() }),
  z.object({ kind: z.literal("left") }),
]);
app.websocket("/", { send: Step }, { message: () => ({ kind: "moved", by: 1 }) });
app.websocket(
  "/",
  { send: Step },
  { message: async ({ message }) => ({ kind: "moved", by: message.length }) },
);
app.websocket(
  "/",
  { send: Step, message: z.string() },
  { message: async ({ message }) => (message === "" ? { kind: "left" } : undefined) },
);
app.websocket(
  "/",
  { send: Step },
  {
    message: async function* () {
      yield { kind: "left" };
    },
  },
);
// @ts-expect-error another literal
app.websocket("/", { send: Step }, { message: () => ({ kind: "right" }) });
// @ts-expect-error what is returned does not fit the send schema
app.websocket("/", { send: Heard }, { message: () => ({ from: 1 }) });
// @ts-expect-error no such option
app.websocket("/", { body: Said }, async () => {});
// @ts-expect-error open has the socket, and is async
app.websocket("/", { open: () => {}, message: () => {} });
// @ts-expect-error a whole socket is async
app.websocket("/", () => {});

const router = new Router({ deps: { user } });
router.websocket("/", { message: ({ user }) => user.name });

const written = async (context: SocketContext<"/:id", { message: typeof Said }>): Promise<void> => {
  same<typeof context.params.id, string>();
  const message = await context.socket.receive();
  same<typeof message, { text: string; at: Date } | undefined>();
};
app.websocket("/:id", { message: Said }, written);
const handled = ({ message }: MessageContext<"/:id", { message: typeof Said }>): string => message.text;
app.websocket("/:id", { message: Said }, { message: handled });

const live = app.websocket(
  "/notes/:room",
  { send: Heard, deps: { user } },
  {
    open: async ({ socket, params }) => {
      socket.join(params.room);
      await live.to(params.room).send({ from: "open" });
    },
    message: async ({ params, user }) => {
      await live.to(params.room).send({ from: user.name });
    },
  },
);
app.post("/notes/:room", async ({ params, request }) => {
  await live.to(params.room).send({ from: "Ada", length: 1 });
  // @ts-expect-error it does not fit the send schema
  await live.to(params.room).send({ from: 1 });
  // @ts-expect-error a room has a name
  live.to(7);
  request.urlFor(live, { room: "tea" });
  // @ts-expect-error the path has a name
  request.urlFor(live);
});
same<
  typeof live,
  WebSocketHandle<{ from: string; length?: number | undefined }, "/notes/:room", Record<never, never>>
>();

const numbered = router.websocket("/:id", { params: { id: z.int() } }, { message: async () => undefined });
numbered.to("all").send(new Uint8Array(1));
app.urlFor(numbered, { id: 7 });
// @ts-expect-error its schema accepts numbers
app.urlFor(numbered, { id: "seven" });
const whole: WebSocketHandle = app.websocket("/", async () => {});
whole.to("all").send({ any: "thing" });
