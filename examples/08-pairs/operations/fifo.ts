import { createReadStream, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Router } from "offloop";
import { compute, ranHere, wait } from "./wait.ts";

/** A named pipe: its reader waits for its writer. */
export const fifo: Router = new Router({ prefix: "/fifo" });

const path = process.env.FIFO ?? "";

fifo.get("/plain", () => {
  readFileSync(path);
  return ranHere();
});

fifo.get("/async", async () => {
  await readFile(path);
  return ranHere();
});

fifo.get("/stream", async () => {
  for await (const _ of createReadStream(path));
  return ranHere();
});

fifo.get("/trap", async () => {
  readFileSync(path); // trap
  return ranHere();
});

fifo.get("/thread", { ...wait, runs: "thread" }, async ({ query }) => {
  compute(await readFile(path, "utf8"), query.seconds);
  return ranHere();
});
