import { Router } from "offloop";
import { z } from "zod";

/** Experiment 3: a task blocks after the response. Who notices? */
export const blocking = new Router({ prefix: "/blocking", tags: ["blocking"] });

/** Stands for anything that keeps a thread busy: a synchronous call, a big computation. */
function block(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}

// Plain: blocks a thread. Nobody notices.
const blockSync = blocking.task("block sync", (seconds: number) => block(seconds));

// Async, and yet it blocks: the loop stands still, and with it every other request.
const blockAsync = blocking.task("block async", async (seconds: number) => block(seconds));

const query = { as_async: z.boolean().default(false), seconds: z.number().min(0).max(60).default(10) };

blocking.get("", { query }, async ({ query, background }) => {
  background.add(query.as_async ? blockAsync : blockSync, query.seconds);
  return "ok";
});
