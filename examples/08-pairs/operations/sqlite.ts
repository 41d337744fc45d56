import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import Database from "better-sqlite3";
import { Router } from "offloop";
import { ranHere, wait } from "./wait.ts";

/** SQLite, whose drivers are all synchronous. */
export const sqlite: Router = new Router({ prefix: "/sqlite" });

const file = process.env.FOLDER === undefined ? ":memory:" : join(process.env.FOLDER, "pairs.db");
const node = new DatabaseSync(file);
const better = new Database(file);
const count =
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT max(i) FROM n";
const countInNode = node.prepare(count);
const countInBetter = better.prepare(count);

function countForSync(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) countInNode.get(); // trap
}

function countBetterForSync(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) countInBetter.get(); // trap
}

sqlite.get("/plain", wait, ({ query }) => {
  countForSync(query.seconds);
  return ranHere();
});

sqlite.get("/plain-better", wait, ({ query }) => {
  countBetterForSync(query.seconds);
  return ranHere();
});

sqlite.get("/trap", wait, async ({ query }) => {
  countForSync(query.seconds);
  return ranHere();
});

sqlite.get("/trap-better", wait, async ({ query }) => {
  countBetterForSync(query.seconds);
  return ranHere();
});
