import { setTimeout } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { Router } from "offloop";
import { z } from "zod";
import { timestamp } from "./timestamp.ts";

/** Experiment 2: every request leaves three waiting tasks behind. Where do they run, and how many at a time? */
export const multiplicity = new Router({ prefix: "/multiplicity", tags: ["multiplicity"] });

// Plain: waits on a thread, which can do nothing else meanwhile.
const waitSync = multiplicity.task("wait sync", (n: number, seconds: number, request: string) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
  console.log(`${timestamp()} [${threadId}] ${n} sync end ${request}`);
});

// Async: timers of the loop wait, any number of them at a time.
const waitAsync = multiplicity.task("wait async", async (n: number, seconds: number, request: string) => {
  await setTimeout(seconds * 1000);
  console.log(`${timestamp()} [${threadId}] ${n} async end ${request}`);
});

const query = { as_async: z.boolean().default(false), seconds: z.number().min(0).max(60).default(3) };

multiplicity.get("", { query }, async ({ query, background, request }) => {
  const wait = query.as_async ? waitAsync : waitSync;
  for (const n of [0, 1, 2]) background.add(wait, n, query.seconds, request.id);
  return "ok";
});
