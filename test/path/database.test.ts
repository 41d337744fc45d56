import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { type Answer, createClient } from "../fixtures/client.ts";
import { type DatabaseServer, postgres, withoutPostgres } from "../fixtures/databases.ts";
import { type LaneName, lanes, running } from "../fixtures/running.ts";

const skip = withoutPostgres();
const server = skip ? undefined : await postgres({ max_connections: "20" });
before(() => {
  // The app reads it when it loads, and its threads when they start.
  process.env.DATABASE_URL = `${server?.url}?application_name=shop`;
});

/** Connections of the app, and the most there may be. */
async function connections({ url }: DatabaseServer): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'shop'",
  );
  await client.end();
  return rows[0].n;
}

/** Looks until no connection is left; the test's own deadline ends a wait for ever. */
async function allClosed(server: DatabaseServer): Promise<void> {
  while ((await connections(server)) > 0) await setTimeout(20);
}

/** 200 requests at once, and what is done when a number of them has been answered. */
async function twoHundred(ask: () => Promise<Answer>, atFiftieth: () => Promise<unknown>): Promise<Answer[]> {
  let answered = 0;
  let meanwhile: Promise<unknown> | undefined;
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const answer = await ask();
      if (++answered === 50) meanwhile = atFiftieth();
      return answer;
    }),
  );
  await meanwhile;
  return answers;
}

function countOf(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

for (const lane of lanes) {
  test(
    `200 requests at once need no more connections than PostgreSQL has, and a restart of it fails none but by a 503 [${lane}]`,
    {
      skip,
      timeout: 120_000,
    },
    () => survives(lane, server as DatabaseServer),
  );
}

async function survives(lane: LaneName, server: DatabaseServer): Promise<void> {
  const { default: app } = await import("../fixtures/apps/database/app.ts");
  const served = await running(app);
  const client = createClient(served.url, 200);
  try {
    await weather(lane, server, () => client.ask(`/${lane}`));
  } finally {
    client.close();
    await served.close();
  }
  await allClosed(server);
}

async function weather(lane: LaneName, server: DatabaseServer, ask: () => Promise<Answer>): Promise<void> {
  const calm = await twoHundred(ask, async () => {});
  assert.deepEqual(countOf(calm), { 200: 200 });

  const stormy = await twoHundred(ask, () => server.restart());
  const counts = countOf(stormy);
  assert.equal((counts[200] ?? 0) + (counts[503] ?? 0), 200, JSON.stringify(counts));
  assert.ok((counts[200] ?? 0) >= 50);
  for (const { headers, body } of stormy.filter(({ status }) => status === 503)) {
    assert.equal(headers["retry-after"], "1");
    assert.deepEqual(JSON.parse(body.toString()), { detail: "The database is away" });
  }

  let atOnce = 0;
  const after = await twoHundred(ask, async () => {
    atOnce = await connections(server);
  });
  assert.deepEqual(countOf(after), { 200: 200 });
  assert.ok(atOnce > 1 && atOnce <= 15, `${atOnce} connections at once`);
  console.log(
    `${lane}: during a restart ${JSON.stringify(counts)}; after it 200, with ${atOnce} connections`,
  );
}
