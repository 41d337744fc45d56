import { subscribe } from "node:diagnostics_channel";
import { serve } from "offloop";
import app from "./app.ts";

/** What the parent may ask, and what it is told. */
export type Question = "state" | "close";
export type Told =
  | { readonly url: string }
  | { readonly rss: number; readonly ended: number; readonly busy: number; readonly waiting: number }
  | { readonly left: readonly string[] };

const tell = (told: Told): void => void process.send?.(told);

let ended = 0;
subscribe("offloop.thread", (message) => {
  if ((message as { event: string }).event !== "start") ended++;
});
process.on("message", async (question: Question) => {
  if (question === "state") {
    const { busy, waiting } = server.threads;
    return tell({ rss: process.memoryUsage.rss(), ended, busy, waiting });
  }
  await server.close();
  const left = process.getActiveResourcesInfo();
  for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
  tell({ left });
  process.disconnect();
});
const before = process.getActiveResourcesInfo();
const server = await serve(app, { port: 0, logLevel: "silent", accessLog: false });
tell({ url: server.url });
