import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { type Answer, readAnswers } from "./answers.ts";

/** What goes over one connection, byte by byte, and how its client ends. */
export interface Plan {
  readonly bytes: Buffer;
  /** Where the bytes are cut into writes. */
  readonly cuts: readonly number[];
  /**
   * `wait`: until the server has ended. `half`: ends its side once something came, or nothing for a while. `leave`,
   * `reset`: goes, answered or not.
   */
  readonly ending: "wait" | "half" | "leave" | "reset";
  /** When one that leaves does so: after so many milliseconds. */
  readonly leaveMs: number;
  /** Methods of the requests in it, which say whether answers have bodies. */
  readonly methods: readonly string[];
}

/** What came of it. */
export interface Outcome {
  readonly answers: readonly Answer[];
  /** What was no answer, or cut in its middle. */
  readonly rest: string;
  /** Whether the server ended the connection, or the client had gone. */
  readonly isOver: boolean;
}

/** Longer than every deadline and timeout of the server, and than a thread may take to start, for which a call may wait. */
const PATIENCE_MS = 40_000;
/** How long one that ends its side waits for something to come. Node takes it for gone then. */
const QUIET_MS = 100;

/** Sends what is planned and waits until the connection is over. */
export async function exchange(url: string, plan: Plan): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.on("end", () => socket.end());
  socket.on("error", () => {}); // a reset is one of the ways a connection may end
  const closed = first(socket, "close");
  const isOver = await Promise.race([talk(socket, plan, closed), patience()]);
  socket.destroy();
  const { answers, rest } = readAnswers(Buffer.concat(parts), plan.methods);
  return { answers, rest, isOver };
}

async function talk(socket: Socket, plan: Plan, closed: Promise<unknown>): Promise<true> {
  const start = performance.now();
  const bounds = [...new Set([0, ...plan.cuts, plan.bytes.length])].sort((a, b) => a - b);
  for (let index = 0; index + 1 < bounds.length && !socket.destroyed; index++) {
    socket.write(plan.bytes.subarray(bounds[index], bounds[index + 1]));
    await turn();
  }
  if (plan.ending === "half") {
    await Promise.race([closed, first(socket, "data"), after(QUIET_MS)]);
    socket.end();
  } else if (plan.ending !== "wait") {
    await Promise.race([closed, after(plan.leaveMs - (performance.now() - start))]);
    if (plan.ending === "reset") socket.resetAndDestroy();
    else socket.destroy();
  }
  await closed;
  return true;
}

/** Unlike `once` of node:events, an error is nothing to it. */
function first(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

function patience(): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, false).unref());
}
