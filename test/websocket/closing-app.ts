import { once } from "node:events";
import { App, depends, HTTPError } from "offloop";
import { z } from "zod";
import { events } from "../fixtures/event-log.ts";
import { gate } from "../fixtures/gate.ts";
import { lanes } from "../fixtures/running.ts";

/** Sockets that end while `open`, a message or a dependency runs, whatever way, and the number of clients they count. */
const app = new App({
  session: { secret: "a secret of thirty-two characters" },
  threads: { max: 2, reserve: 0 },
});
export default app;

const held = depends({ query: { how: z.string().optional() } }, async function* ({ query }) {
  events.write("opens");
  if (query.how === "dependency") throw new HTTPError(409, "The dependency fails");
  try {
    yield "held";
  } catch (error) {
    events.write(`sees ${(error as Error).message}`);
    throw query.how === "replaced" ? new HTTPError(418, "In its place") : error;
  } finally {
    events.write("closes");
  }
});

for (const runs of lanes)
  app.websocket(
    `/${runs}/counted/:gate`,
    { params: { gate: z.int() }, query: { how: z.string() }, deps: { held }, runs },
    {
      open: async ({ socket, params, query: { how }, session }) => {
        if (how === "refuse") throw new HTTPError(409, "Full");
        if (how === "close") return socket.close();
        if (how === "session") session.large = "x".repeat(5_000);
        events.write("open");
        if (how.startsWith("accept")) await socket.accept();
        if (how.startsWith("wait") || how.endsWith("wait")) {
          gate(params.gate).arrive();
          await gate(params.gate).arrived(2);
        }
        if (how === "wait, send") await socket.send("welcome");
        if (how === "accept, refuse") throw new HTTPError(403, "Not you");
        if (how === "accept, fail") throw new Error("of open");
        if (how === "replaced") {
          await socket.accept();
          throw new Error("of open");
        }
      },
      message: async ({ message, signal }) => {
        if (message === "throw") throw new Error("of a message");
        if (message === "refuse") throw new HTTPError(403, "Not that");
        if (message === "wait") {
          events.write("waits");
          await once(signal, "abort");
          events.write("aborted");
          signal.throwIfAborted();
        }
        return message;
      },
      close: async ({ code, reason, held }) => events.write(`close ${code} ${reason} ${held}`.trim()),
    },
  );

for (const runs of lanes)
  app.websocket(
    `/${runs}/late`,
    { timeoutMs: 50, runs },
    {
      message: async () => new Promise(() => {}),
      close: async ({ code }) => events.write(`close ${code}`),
    },
  );

/** What a handler does when its socket is closed. */
app.websocket("/loop/sends", {
  message: async ({ socket, message, signal }) => {
    events.write("handles");
    if (message === "own") socket.close(3000, "enough");
    else await once(signal, "abort");
    await socket.send("too late").catch(({ name }: Error) => events.write(`rejected ${name}`));
    await socket.send("too late, and awaited");
  },
  close: async ({ code }) => events.write(`close ${code}`),
});
app.websocket("/loop/own-abort", {
  message: async () => {
    throw new DOMException("of another request", "AbortError");
  },
});
app.websocket(
  "/loop/invalid",
  {
    message: z.object({ n: z.int() }),
    onInvalid: async ({ socket }) => {
      socket.close();
      await socket.send("too late");
    },
  },
  { message: async () => {}, close: async ({ code }) => events.write(`close ${code}`) },
);
