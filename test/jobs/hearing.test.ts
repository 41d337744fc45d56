import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { App } from "offloop";
import { Hearing } from "../../src/jobs/postgres/hearing.ts";
import { transactionPooler } from "../fixtures/database-proxies.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { running } from "../fixtures/running.ts";

const ARRIVAL_MS = 5_000;

/** A hearing whose notices are given to `onSent`, and how often it was unheard. */
function hearing(onSent: (text: string, own: Hearing) => void): { own: Hearing; unheard: () => number } {
  let unheard = 0;
  const own: Hearing = new Hearing(
    {
      executeSql: async (_, values = []) => {
        onSent(String(values[1]), own);
        return { rows: [] };
      },
    },
    "channel",
    () => unheard++,
  );
  return { own, unheard: () => unheard };
}

test("a notice that arrives is heard, and one of another process is not taken for it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const [arrives, expected] of [
    [(text: string) => text, 0],
    [(text: string) => `${text}0`, 1],
  ] as const) {
    const { own, unheard } = hearing((text, heard) => heard.hear(arrives(text)));
    await own.try();
    t.mock.timers.tick(ARRIVAL_MS);
    await turn();
    assert.equal(unheard(), expected);
  }
});

test("what is unheard is said once, and again only after notices did arrive", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let arrives = false;
  const { own, unheard } = hearing((text, heard) => arrives && heard.hear(text));
  const tried = async (): Promise<number> => {
    await own.try();
    t.mock.timers.tick(ARRIVAL_MS);
    await turn();
    return unheard();
  };
  assert.deepEqual([await tried(), await tried()], [1, 1]);
  arrives = true;
  assert.equal(await tried(), 1);
  arrives = false;
  assert.equal(await tried(), 2);
});

test("behind a pooler that passes no LISTEN, the start warns once, and jobs run", {
  skip: withoutPostgres(),
  timeout: 60_000,
}, async (t) => {
  const database = await postgres();
  const again = Promise.withResolvers<void>();
  let listens = 0;
  await using pooler = await transactionPooler(database.url, () => {
    if (++listens === 2) again.resolve();
  });
  const app = new App();
  const doubled = app.task("doubled", { durable: true }, async (n: number) => n * 2);
  const served = await running(app, { jobs: { url: pooler.url } });
  t.after(() => served.close());
  const { id } = await doubled.enqueue(21);
  const { level, msg } = await served.logged(({ code }) => code === "OFFLOOP_JOBS_UNHEARD");
  assert.equal(level, 40);
  assert.match(msg, /PgBouncer in transaction mode.*\n {2}fix let jobs\.url name PostgreSQL itself/s);
  assert.deepEqual(await app.jobs.get(id).then((job) => [job?.state, job?.result]), ["done", 42]);
  await again.promise; // the connection is made anew, since nothing listens on it
  assert.deepEqual(
    served.log.filter(({ level }) => level >= 40).map(({ code }) => code),
    ["OFFLOOP_JOBS_UNHEARD"],
  );
});
