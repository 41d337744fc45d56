import { subscribe } from "node:diagnostics_channel";
import { setTimeout as pause } from "node:timers/promises";
import { serve } from "offloop";
import app from "./app.ts";

/** The parent's questions. */
export type Question = "state" | "settled" | "close";
export type Told =
  | { readonly url: string }
  | {
      readonly rss: number;
      readonly heap: number;
      readonly ended: number;
      readonly busy: number;
      readonly waiting: number;
    }
  | { readonly left: readonly string[] };

/** The longest deadline of the app, and a margin. */
const SETTLE_MS = 8_000;

const tell = (told: Told): void => void process.send?.(told);

let ended = 0;
subscribe("offloop.thread", (message) => {
  if ((message as { event: string }).event !== "start") ended++;
});
process.on("message", async (question: Question) => {
  if (question === "settled") await settle();
  if (question !== "close") {
    const { busy, waiting } = server.threads;
    const { rss, heapUsed, external } = process.memoryUsage();
    return tell({ rss, heap: heapUsed + external, ended, busy, waiting });
  }
  await server.close();
  tell({ left: await leftOver() });
  process.disconnect();
});
/**
 * Waits for what still runs, for a limited time, and collects garbage: twice, since some is found only after other
 * garbage has gone.
 */
async function settle(): Promise<void> {
  const until = performance.now() + SETTLE_MS;
  while (server.threads.busy + server.threads.waiting > 0 && performance.now() < until) await pause(50);
  for (let round = 0; round < 2; round++) {
    await pause(200);
    globalThis.gc?.();
  }
}

/** What still keeps the process alive after it has had time to end: the files of uploads are removed after their answers. */
async function leftOver(): Promise<string[]> {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const left = process.getActiveResourcesInfo();
    for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
    if (left.length === 0 || performance.now() > until) return left;
    await pause(50);
  }
}

const before = process.getActiveResourcesInfo();
const server = await serve(app, { port: 0, logLevel: "silent", accessLog: false });
tell({ url: server.url });
