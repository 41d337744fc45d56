import mariadb from "mariadb";
import mysql2 from "mysql2/promise";
import { Router } from "offloop";
import { createSyncFn } from "synckit";
import type { query as queryDatabase } from "../synchronous/mysql.ts";
import { compute, ranHere, wait } from "./wait.ts";

/** MySQL, or MariaDB. */
export const mysql: Router = new Router({ prefix: "/mysql" });

const querySync = createSyncFn<typeof queryDatabase>(new URL("../synchronous/mysql.ts", import.meta.url));

// Each thread has pools of its own, and connects on its first query.
const url = process.env.MYSQL_URL ?? "mysql://127.0.0.1/none";
const pool = mysql2.createPool({ uri: url, connectionLimit: 4 });
const other = mariadb.createPool(`${url.replace(/^mysql:/, "mariadb:")}?connectionLimit=1&minimumIdle=0`);
const sleep = "SELECT SLEEP(?)";

mysql.get("/plain", wait, ({ query }) => {
  querySync(sleep, [query.seconds]);
  return ranHere();
});

mysql.get("/async", wait, async ({ query }) => {
  await pool.query(sleep, [query.seconds]);
  return ranHere();
});

mysql.get("/async-mariadb", wait, async ({ query }) => {
  await other.query(sleep, [query.seconds]);
  return ranHere();
});

mysql.get("/trap", wait, async ({ query }) => {
  querySync(sleep, [query.seconds]); // trap
  return ranHere();
});

mysql.get("/thread", { ...wait, runs: "thread" }, async ({ query }) => {
  const [rows] = await pool.query(sleep, [query.seconds]);
  compute(JSON.stringify(rows), query.seconds);
  return ranHere();
});
