import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { App, depends, HTTPError, type OffloopError, Router, type Socket, WebSocketError } from "offloop";
import { httpBearer } from "offloop/security";
import { z } from "zod";
import { events } from "../fixtures/event-log.ts";
import { gate } from "../fixtures/gate.ts";
import { lanes } from "../fixtures/running.ts";

/** Sockets whose messages are handled on the loop and on a thread, and whole ones. */
const app = new App();
export default app;

app.get("/", async () => "hello");
const Client = z.object({ host: z.string() });
app.get("/client", { response: Client }, async ({ request }) => request.client);
app.websocket("/client", { send: Client }, async ({ socket, request }) => socket.send(request.client));
app.get("/both", async () => "http");
app.websocket("/both", { message: async () => "socket" });

app.websocket("/whole/echo", async ({ socket }) => {
  for await (const message of socket) await socket.send(message);
});
app.websocket("/whole/returns", async () => {});
app.websocket("/whole/fails", async ({ socket }) => {
  await socket.receive();
  throw new Error("secret of the whole one");
});
app.websocket("/whole/refuses", async ({ socket }) => {
  socket.close(1008, "not you");
});
app.websocket("/whole/background", async ({ background }) => {
  background.add(async () => background.add(note, "of a task"));
});
app.websocket(
  "/whole/checked",
  { message: z.object({ n: z.int() }), send: z.object({ n: z.int() }) },
  async ({ socket }) => {
    for await (const { n } of socket) await socket.send({ n: n + 1 });
  },
);
app.websocket("/whole/waits", async ({ socket, signal }) => {
  await socket.send("ready");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  events.write("aborted");
});
app.websocket("/whole/undecided", async ({ signal }) => {
  const left = new Promise((resolve) => signal.addEventListener("abort", resolve));
  events.write("undecided");
  await left;
  events.write(`aborted: ${(signal.reason as Error).message}`);
});
app.websocket("/whole/late/:gate", { params: { gate: z.int() } }, async (context) => {
  const { socket, params } = context;
  gate(params.gate).arrive();
  await gate(params.gate).arrived(2);
  for await (const message of socket) await socket.send(message);
});
app.websocket("/whole/greets", { subprotocols: ["v2", "v1"] }, async ({ socket, response }) => {
  response.headers.set("x-greeting", "hello");
  response.setCookie("seen", "yes");
  await socket.accept();
  await socket.send(socket.subprotocol);
});

const bearer = httpBearer();
const user = depends({ deps: { bearer } }, async ({ bearer }) => {
  if (bearer.credentials === "banned") throw new HTTPError(403, "Banned");
  return { name: bearer.credentials };
});
const opened = depends(async function* () {
  events.write("opens");
  try {
    yield { at: "loop" };
  } catch (error) {
    events.write(`sees ${(error as Error).message}`);
    throw error;
  } finally {
    events.write("closes");
  }
});
const handle = depends(async () => ({ query: (): string => "rows" }));
const perMessage = depends({ deps: { opened } }, function* ({ opened }) {
  yield `${opened.at} in ${threadId === 0 ? "loop" : "thread"}`;
});

const Said = z.object({ text: z.string(), room: z.int(), from: z.string() });

for (const runs of lanes) {
  // biome-ignore lint/suspicious/noExplicitAny: the tests look at values, the type tests at types
  const add = (path: string, options: object, message: (context: any) => unknown): void => {
    app.websocket(`/${runs}${path}`, { ...options, runs }, { message });
  };

  add("/echo", {}, ({ message }) => message);
  add("/where", {}, () => (threadId === 0 ? "loop" : "thread"));
  add(
    "/inputs/:item",
    {
      params: { item: z.int() },
      query: { q: z.int().default(1) },
      headers: { x_token: z.string().optional() },
      cookies: { session: z.string().optional() },
    },
    ({ params, query, headers, cookies }) => ({ params, query, headers, cookies }),
  );
  add("/user", { deps: { user } }, ({ user }) => user);
  add("/opened", { deps: { opened } }, ({ opened }) => opened);
  add("/failing-opened", { deps: { opened } }, () => {
    throw new Error("of a message");
  });
  add("/per-message", { deps: { perMessage } }, ({ perMessage }) => perMessage);
  add("/handle", { deps: { handle } }, ({ handle }) => handle.query());
  add(
    "/checked",
    {
      message: z.object({ text: z.string(), at: z.coerce.date().optional() }),
      send: z.object({ text: z.string() }),
    },
    ({ message }) => ({ text: `${message.text} ${message.at?.getTime() ?? ""}`, dropped: true }),
  );
  add("/lies", { send: z.object({ text: z.string() }) }, () => ({ text: 1 }));
  add("/yields", {}, function* () {
    yield "first";
    yield undefined;
    yield new Uint8Array([1, 2]);
    yield { third: true };
  });
  add("/yields-and-fails", {}, function* () {
    yield "first";
    throw new Error("secret of the generator");
  });
  add("/large", {}, () => "é".repeat(100_000));
  const kept = new Uint8Array(100_000).fill(7);
  add("/kept", {}, () => kept);
  add("/throws", {}, ({ message }) => {
    if (message === "http") throw new HTTPError(404, "No such thing");
    if (message === "socket") throw new WebSocketError(3003, "as I say");
    if (message === "exit" && threadId > 0) process.exit(3);
    throw new Error("secret of the handler");
  });
  add("/background", {}, ({ background, message }) => {
    background.add(note, `${runs} ${message}`);
    return "answered";
  });
  // It asks for `background` only while it runs, when the handler has returned.
  add("/background-yields", {}, function* (context) {
    context.background.add(note, "1");
    yield "a";
    context.background.add(note, "2");
    yield "b";
    context.background.add(note, "3");
    events.write("yielded");
    if (context.message === "break") throw new Error("breaks");
  });
  add("/background-late", {}, ({ background }) => {
    setImmediate(() => {
      try {
        background.add(note, "late");
      } catch (error) {
        events.write((error as OffloopError).code);
      }
    });
  });
  add("/ordered", {}, ({ message }) => {
    events.write(`${runs} ${message}`);
    return message;
  });
  app.websocket(
    `/${runs}/invalid`,
    {
      message: z.object({ n: z.int() }),
      runs,
      onInvalid: async ({ socket, message, details }) => {
        await socket.send({ received: message, said: details[0]?.msg });
      },
    },
    { message: ({ message }) => message },
  );
  app.websocket(
    `/${runs}/list`,
    {
      message: z.array(z.string().max(1)),
      runs,
      onInvalid: async ({ socket, details }) => socket.send(details.length),
    },
    {
      message: ({ message }) => {
        if (message.length === 0) throw new HTTPError(422, "an empty list");
        return message;
      },
    },
  );
  app.websocket(
    `/${runs}/life`,
    { deps: { opened }, runs },
    {
      open: async ({ socket }) => {
        events.write("open");
        await socket.send("welcome");
      },
      message: ({ message }) => message,
      close: async ({ code, reason }) => events.write(`close ${code} ${reason}`),
    },
  );
  app.websocket(
    `/${runs}/refuses`,
    { runs },
    {
      open: async () => {
        throw new HTTPError(409, "Full", { "x-why": "full" });
      },
      message: () => {},
    },
  );
  app.websocket(
    `/${runs}/rooms/:room`,
    { params: { room: z.int() }, send: Said, runs },
    {
      open: async ({ socket, params }) => socket.join(`${params.room}`),
      message: async ({ socket, message, params }) => {
        await socket.to(`${params.room}`).send({ text: String(message), room: params.room, from: socket.id });
      },
      ...(runs === "thread" && {
        message: ({ message, params }) => ({ text: String(message), room: params.room, from: "thread" }),
      }),
    },
  );
}

const note = app.task("note", async (text: string) => events.write(`task ${text}`));

app.websocket(
  "/loop/slow",
  { timeoutMs: 50 },
  {
    message: async ({ signal }) => {
      await sleep(60_000, undefined, { signal }).catch(() => events.write("told"));
    },
  },
);
app.websocket(
  "/thread/slow",
  { timeoutMs: 50 },
  {
    message: ({ message }) => {
      if (message === "quick") return "quick";
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    },
  },
);
app.websocket(
  "/thread/gated/:gate",
  { params: { gate: z.int() } },
  {
    message: ({ message, params }) => {
      if (message === "wait") gate(params.gate).pass();
      return message;
    },
  },
);
app.websocket("/thread/socket", { message: ({ socket }: { socket: Socket }) => socket.id });

app.websocket("/flood", async ({ socket }) => {
  const chunk = "x".repeat(64 * 1024);
  try {
    for (;;) {
      await socket.send(chunk);
      events.write("sent");
    }
  } finally {
    events.write("flood over");
  }
});
app.websocket("/hose", async ({ socket }) => {
  await socket.receive();
  const chunk = "x".repeat(64 * 1024);
  try {
    for (let sent = 0; sent < 1_000; sent++) {
      void socket.send(chunk).catch(() => {});
    }
  } finally {
    const { code, reason } = await socket.closed;
    events.write(`hose ${code} ${reason}`);
    events.write("hose over");
  }
});
app.websocket("/watched", {
  message: async ({ message }) => message,
  close: async ({ code }) => events.write(`gone ${code}`),
});

const router = new Router({ prefix: "/router", deps: { user } });
router.websocket("/:id", { message: async ({ params, user }) => `${params.id} ${user.name}` });
app.include(router);
const admin = new App();
admin.websocket("/live", { message: () => "admin" });
app.mount("/admin", admin);
