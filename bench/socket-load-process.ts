import { once } from "node:events";
import { WebSocket } from "ws";
import type { SocketLoad, SocketsDone } from "./socket-load.ts";

/** Sockets in a process of its own, so that their cost is attributed to nobody else. */
let isOver = false;
let answered = 0;
let misordered = 0;

/** A socket that counts its answers, and checks their order. */
class Client {
  readonly #socket: WebSocket;
  #sent = 0;
  #received = 0;

  constructor(socket: WebSocket, onAnswer: (client: Client) => void) {
    this.#socket = socket;
    socket.on("message", (data) => {
      if ((JSON.parse(String(data)) as { id: number }).id !== this.#received++) misordered++;
      answered++;
      onAnswer(this);
    });
    socket.on("error", () => {});
  }

  get waiting(): number {
    return this.#sent - this.#received;
  }

  send(): void {
    this.#socket.send(JSON.stringify({ id: this.#sent++, text: "some words that are said in a room" }));
  }
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  return socket;
}

async function run({ url, paths, perSecond, inFlight }: SocketLoad): Promise<void> {
  const clients: Client[] = [];
  const onAnswer = (client: Client): void => {
    if (inFlight > 0 && !isOver) client.send();
  };
  for (const [path, count] of paths)
    for (let i = 0; i < count; i++)
      clients.push(new Client(await open(url.replace("http", "ws") + path), onAnswer));
  process.send?.("opened");
  await once(process, "message"); // go
  for (const client of clients) for (let i = 0; i < inFlight; i++) client.send();
  // Spread over the second, as people's messages are.
  const step = perSecond === 0 ? Number.POSITIVE_INFINITY : 1000 / (perSecond * clients.length);
  const startedAt = performance.now();
  for (let due = 0; !isOver; ) {
    if (perSecond === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    else {
      for (; due * step < performance.now() - startedAt; due++) clients[due % clients.length]?.send();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const inTime = answered;
  const patience = performance.now() + 10_000;
  while (clients.some(({ waiting }) => waiting > 0) && performance.now() < patience)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const unanswered = clients.reduce((sum, { waiting }) => sum + waiting, 0);
  process.send?.(
    { perSecond: inTime / seconds, answered, unanswered, misordered } satisfies SocketsDone,
    () => process.exit(0),
  );
}

process.on("message", (message: SocketLoad | "go" | "stop") => {
  if (message === "stop") isOver = true;
  else if (message !== "go") void run(message);
});
process.on("disconnect", () => process.exit(0));
