import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { type Answer, readAnswers } from "./answers.ts";

/** What is sent over one connection, byte by byte, and how its client ends it. */
export interface Plan {
  readonly bytes: Buffer;
  /** Where the bytes are cut into writes. */
  readonly cuts: readonly number[];
  /**
   * `wait`: until the server has ended. `half`: ends its side once something has arrived, or nothing has for a while.
   * `leave`, `reset`: goes, answered or not.
   */
  readonly ending: "wait" | "half" | "leave" | "reset";
  /** After how many milliseconds a client that leaves does so. */
  readonly leaveMs: number;
  /** Methods of the requests in it, which determine whether answers have bodies. */
  readonly methods: readonly string[];
}

/** The outcome. */
export interface Outcome {
  readonly answers: readonly Answer[];
  /** Anything that was not an answer, or was cut off in its middle. */
  readonly rest: string;
  /** Whether the server ended the connection, or the client had gone. */
  readonly isOver: boolean;
}

/**
 * Longer than every deadline and timeout of the server, and longer than the start of a thread,
 * for which a call may wait.
 */
const PATIENCE_MS = 40_000;
/** How long a client that ends its side waits for something to arrive. After that Node takes it for gone. */
const QUIET_MS = 100;

/** Sends what is planned, and waits until the connection is over. */
export async function exchange(url: string, plan: Plan): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.on("end", () => socket.end());
  socket.on("error", () => {}); // a reset is a legitimate end of a connection
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

/** Unlike `once` of node:events, it ignores errors. */
function first(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

function patience(): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, false).unref());
}
