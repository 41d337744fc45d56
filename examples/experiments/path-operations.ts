import { threadId } from "node:worker_threads";
import { Router } from "offloop";
import { z } from "zod";
import { database } from "./backends/database.ts";
import { fetchSync } from "./backends/fetch-sync.ts";
import { slowUrl } from "./backends/slow-server.ts";

/** Experiment 1: an operation waits for a slow server in four ways. Which of them keeps `GET /` waiting, too? */
export const pathOperations = new Router({ prefix: "/path-operations", tags: ["path operations"] });

const query = { seconds: z.number().min(0).max(60).default(3) };
const select = "SELECT current_setting('server_version') AS postgres, now()::text AS at";

// (a) The trap. The database driver is async, so the function is async, so it runs on the loop.
// Then comes one synchronous call, and nothing else runs until the slow server has answered.
pathOperations.get("/async-blocking", { query }, async ({ query }) => {
  const { rows } = await database().query(select);
  fetchSync(slowUrl(query.seconds));
  return { ...rows[0], thread: threadId };
});

// (b) The way out when the call cannot be made async: a task is a plain function, so it runs on a thread.
const callSlowServer = pathOperations.task("call the slow server", (seconds: number) => {
  fetchSync(slowUrl(seconds));
  return threadId;
});

pathOperations.get("/async-task", { query }, async ({ query }) => {
  const { rows } = await database().query(select);
  const thread = await callSlowServer(query.seconds);
  return { ...rows[0], thread };
});

// (c) The better way out: an async client. The loop serves others while it waits.
pathOperations.get("/async-fetch", { query }, async ({ query }) => {
  const { rows } = await database().query(select);
  const response = await fetch(slowUrl(query.seconds));
  await response.text();
  return { ...rows[0], thread: threadId };
});

// (d) A plain function: its whole request runs on a thread, where it may block.
pathOperations.get("/plain", { query }, ({ query }) => {
  fetchSync(slowUrl(query.seconds));
  return { thread: threadId };
});

// A plain function that is short: does it wait behind the others when they hold all threads?
pathOperations.get("/plain-short", () => ({ thread: threadId }));
