import { Router } from "offloop";
import pg from "pg";
import porsager from "postgres";
import { createSyncFn } from "synckit";
import type { query as queryDatabase } from "../synchronous/postgres.ts";
import { compute, ranHere, wait } from "./wait.ts";

/** PostgreSQL. */
export const postgres: Router = new Router({ prefix: "/postgres" });

const querySync = createSyncFn<typeof queryDatabase>(new URL("../synchronous/postgres.ts", import.meta.url));

// Each thread has a pool of its own, and connects on its first query.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
const sql = porsager(process.env.DATABASE_URL ?? "", { max: 1 });
const sleep = "SELECT pg_sleep($1)";

postgres.get("/plain", wait, ({ query }) => {
  querySync(sleep, [query.seconds]);
  return ranHere();
});

postgres.get("/async", wait, async ({ query }) => {
  await pool.query(sleep, [query.seconds]);
  return ranHere();
});

postgres.get("/async-postgres", wait, async ({ query }) => {
  await sql`SELECT pg_sleep(${query.seconds})`;
  return ranHere();
});

postgres.get("/trap", wait, async ({ query }) => {
  querySync(sleep, [query.seconds]); // trap
  return ranHere();
});

postgres.get("/thread", { ...wait, runs: "thread" }, async ({ query }) => {
  const { rows } = await pool.query(sleep, [query.seconds]);
  compute(JSON.stringify(rows), query.seconds);
  return ranHere();
});
