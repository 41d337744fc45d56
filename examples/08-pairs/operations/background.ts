import { threadId } from "node:worker_threads";
import { Router } from "offloop";
import pg from "pg";
import { createSyncFn } from "synckit";
import type { query as queryDatabase } from "../synchronous/postgres.ts";
import { wait } from "./wait.ts";

/** Tasks that query after the response: with either kind of session, on either lane. */
export const background: Router = new Router({ prefix: "/background" });

const querySync = createSyncFn<typeof queryDatabase>(new URL("../synchronous/postgres.ts", import.meta.url));
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
const sleep = "SELECT pg_sleep($1)";

/** Prints on standard output that a task has ended, and where it ran. */
function ended(task: string): void {
  console.log(JSON.stringify({ ended: task, thread: threadId }));
}

const plain = background.task("plain", (seconds: number) => {
  querySync(sleep, [seconds]);
  ended("plain");
});

const asynchronous = background.task("async", async (seconds: number) => {
  await pool.query(sleep, [seconds]);
  ended("async");
});

const trap = background.task("trap", async (seconds: number) => {
  querySync(sleep, [seconds]); // trap
  ended("trap");
});

// The opposite mistake: it works, since a thread awaits what a plain function returns, but holds a thread meanwhile.
const promise = background.task("promise", (seconds: number) => {
  return pool.query(sleep, [seconds]).then(() => ended("promise")); // told
});

for (const [name, task] of Object.entries({ plain, async: asynchronous, trap, promise })) {
  background.get(`/${name}`, wait, async ({ query, background }) => {
    background.add(task, query.seconds);
    return "added";
  });
}
