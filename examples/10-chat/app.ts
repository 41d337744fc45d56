import { join } from "node:path";
import { setTimeout as passed } from "node:timers/promises";
import { App, file, type Socket } from "offloop";
import { z } from "zod";

const app = new App({ title: "Chat", version: "1.0.0" });

const name = z.string().trim().min(1).max(20);
const Line = z.object({ from: z.string(), text: z.string() });

app.get("/", { hidden: true }, async () => file(join(import.meta.dirname, "page.html")));

/** On the loop: a message in a room goes to all others in it, and comes back to its sender. */
app.websocket(
  "/rooms/:room",
  {
    query: { name },
    message: z.object({ text: z.string().trim().min(1).max(500) }),
    send: Line,
    onInvalid: complain,
  },
  {
    open: async ({ socket, params, query }) => {
      socket.join(params.room);
      await socket.to(params.room).send({ from: query.name, text: "came in" });
      await socket.send({ from: "the room", text: `Welcome to ${params.room}, ${query.name}` });
    },
    message: async ({ socket, params, query, message }) => {
      const line = { from: query.name, text: message.text };
      await socket.to(params.room).send(line);
      return line;
    },
    close: async ({ log, params, query, code }) =>
      log.info({ room: params.room, code }, `${query.name} left`),
  },
);

/** On a thread: it computes for seconds, while the rooms continue. */
app.websocket(
  "/primes",
  {
    message: z.int().min(1).max(10_000_000),
    send: z.object({ below: z.int(), primes: z.int() }),
    timeoutMs: 20_000,
  },
  { message: ({ message }) => ({ below: message, primes: countPrimes(message) }) },
);

/** A whole socket: it only sends. */
app.websocket("/clock", { send: z.object({ now: z.iso.datetime() }) }, async ({ socket, signal }) => {
  while (!signal.aborted) {
    await socket.send({ now: new Date().toISOString() });
    await passed(1_000, undefined, { signal }).catch(() => {}); // the client has gone
  }
});

async function complain({
  socket,
  details,
}: {
  socket: Socket;
  details: readonly { msg: string }[];
}): Promise<void> {
  await socket.send({ from: "the room", text: details[0]?.msg ?? "What?" });
}

function countPrimes(limit: number): number {
  const composite = new Uint8Array(limit);
  let primes = 0;
  for (let n = 2; n < limit; n++) {
    if (composite[n] === 1) continue;
    primes++;
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1;
  }
  return primes;
}

export default app;
