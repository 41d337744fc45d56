import assert from "node:assert/strict";
import { test } from "node:test";
import { Backlog, COMMON_KEY } from "../../bench/jobs/backlog.ts";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

const FEW = 500;
const MANY = 20_000;

/** Pages that each question reads in a database with so many jobs in every state that may hold many. */
async function pages(url: string, schema: string, count: number): Promise<ReadonlyMap<string, number>> {
  await using backlog = await Backlog.open(url, schema);
  for (const state of ["created", "completed"] as const) await backlog.fill(count, state);
  await backlog.fill(200, "completed", COMMON_KEY);
  for (const state of ["retry", "failed", "cancelled"] as const) await backlog.fill(200, state);
  return new Map((await backlog.ask()).map(({ question, pages }) => [question, pages]));
}

test("what a list, a job's page, a search for due jobs and a start read does not grow with the number of jobs", {
  skip: withoutPostgres(),
}, async (t) => {
  const database = (await startPostgres()) as DatabaseServer;
  t.after(() => database.stop());
  const few = await pages(database.url, "few", FEW);
  const many = await pages(database.url, "many", MANY);
  const bounded = [...few].filter(([question]) => /^(due|find|attempts|occurrences|list 50 )/.test(question));
  assert.equal(bounded.length, 18);
  for (const [question, read] of bounded) {
    const now = many.get(question) ?? Number.NaN;
    assert.ok(now <= 3 * read + 20, `${question}: ${read} pages of ${FEW} jobs, ${now} of ${MANY}`);
  }
  // The count itself goes along an index, which is a small part of the table.
  const counted = (many.get("depths") ?? Number.NaN) / (few.get("depths") ?? Number.NaN);
  assert.ok(counted < MANY / FEW, `depths reads ${counted} times as much`);
});
