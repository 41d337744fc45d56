import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { drizzle } from "drizzle-orm/node-postgres";
import { drizzle as drizzleOverPostgres } from "drizzle-orm/postgres-js";
import knex from "knex";
import { Kysely, PostgresDialect } from "kysely";
import { type OffloopError, type Server, serve } from "offloop";
import pg from "pg";
import postgres from "postgres";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { addLater, app } from "../fixtures/apps/jobs.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

/** Enqueues in a transaction, and then throws if it is to roll back. */
type Enqueue = (tx: unknown) => Promise<void>;

describe("enqueue in a transaction", { skip: withoutPostgres() }, () => {
  let database: DatabaseServer;
  let server: Server;
  let pool: pg.Pool;

  before(async () => {
    database = (await startPostgres()) as DatabaseServer;
    server = await serve(app, {
      port: 0,
      signals: false,
      logLevel: "silent",
      work: false,
      jobs: { url: database.url },
    });
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    pool.on("connect", (client) => client.on("error", () => {})); // of those that a test ends
  });
  after(async () => {
    await pool.end();
    await server.close();
    await database.stop();
  });

  const libraries: Record<string, (enqueue: Enqueue) => Promise<void>> = {
    pg: async (enqueue) => {
      const client = await pool.connect();
      try {
        await client.query("begin");
        await enqueue(client);
        await client.query("commit");
      } catch (error) {
        await client.query("rollback");
        throw error;
      } finally {
        client.release();
      }
    },
    Drizzle: (enqueue) => drizzle({ client: pool }).transaction(enqueue),
    Kysely: (enqueue) =>
      new Kysely({ dialect: new PostgresDialect({ pool }) }).transaction().execute(enqueue),
    Knex: async (enqueue) => {
      const db = knex({ client: "pg", connection: database.url });
      try {
        await db.transaction(enqueue);
      } finally {
        await db.destroy();
      }
    },
    "postgres.js": (enqueue) => withPostgres((sql) => sql.begin(enqueue)),
    "postgres.js with columns in Pascal case": (enqueue) =>
      withPostgres((sql) => sql.begin(enqueue), { transform: postgres.pascal }),
    "postgres.js, reserved and begun": (enqueue) => withPostgres((sql) => inReserved(sql, enqueue)),
    "Drizzle over postgres.js": (enqueue) =>
      withPostgres((client) => drizzleOverPostgres({ client }).transaction(enqueue)),
  };

  /** With connections of its own, which the server may have ended. */
  const withPostgres = async (
    run: (sql: postgres.Sql) => Promise<unknown>,
    options: postgres.Options<Record<string, never>> = {},
  ): Promise<void> => {
    const sql = postgres(database.url, { ...options, max: 2 });
    try {
      await run(sql);
    } finally {
      await sql.end({ timeout: 1 }); // one whose server ended it never says so
    }
  };

  const inReserved = async (sql: postgres.Sql, enqueue: Enqueue): Promise<void> => {
    const reserved = await sql.reserve();
    try {
      await reserved`begin`;
      await enqueue(reserved);
      await reserved`commit`;
    } catch (error) {
      await reserved`rollback`;
      throw error;
    } finally {
      reserved.release();
    }
  };

  const stored = async (key: string): Promise<number> =>
    (await app.jobs.list({ task: "addLater", limit: 1_000 })).filter((job) => job.key?.startsWith(key))
      .length;

  for (const [name, transaction] of Object.entries(libraries)) {
    test(`of ${name} stores the job if and only if it commits`, async () => {
      await transaction(async (tx) => {
        await addLater.with({ tx, key: `${name} kept? yes` }).enqueue(1, 2);
        const again = await addLater.with({ tx, key: `${name} kept? yes` }).enqueue(1, 2);
        assert.match(again.id, /^addLater:/);
        assert.equal(await stored(`${name} kept`), 0, "nobody sees it before the commit");
      });
      assert.equal(await stored(`${name} kept`), 1);
      const rollBack = new Error("no");
      await assert.rejects(
        transaction(async (tx) => {
          await addLater.with({ tx, key: `${name} dropped` }).enqueue(1, 2);
          throw rollBack;
        }),
        (error) => error === rollBack,
      );
      assert.equal(await stored(`${name} dropped`), 0);
    });
  }

  const assertAway = (thrown: unknown): void => {
    const { code, retryAfterS } = thrown as OffloopError;
    assert.deepEqual([code, retryAfterS], ["OFFLOOP_JOBS_UNREACHABLE", 5], String(thrown));
  };

  for (const [name, transaction] of Object.entries(libraries).filter(
    ([name]) => !name.includes("postgres.js"),
  ))
    test(`of ${name} whose connection has ended fails as while the database is away`, async () => {
      let thrown: unknown;
      const ended = transaction(async (tx) => {
        await pool.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'",
        );
        thrown = await addLater
          .with({ tx, key: "timeout" })
          .enqueue(1, 2)
          .catch((error: unknown) => error);
        throw thrown;
      });
      await assert.rejects(ended);
      assertAway(thrown);
    });

  test("of postgres.js whose connection ends meanwhile fails as while the database is away", async () => {
    const thrown = Promise.withResolvers<unknown>();
    const ended = withPostgres((sql) =>
      sql.begin(async (tx) => {
        tx`select pg_sleep(60)`.execute().catch(() => {});
        const enqueued = addLater.with({ tx, key: "timeout" }).enqueue(1, 2);
        enqueued.catch(thrown.resolve);
        await endSleeper();
        // Never over: its rollback on the closed connection would throw where nobody can catch it.
        await new Promise(() => {});
      }),
    );
    await assert.rejects(ended, { code: "CONNECTION_CLOSED" });
    assertAway(await thrown.promise);
  });

  const endSleeper = async (): Promise<void> => {
    const isAsleep = "state = 'active' and query like 'select pg_sleep%'";
    let ended: number | null = 0;
    while (!ended)
      ended = (await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${isAsleep}`))
        .rowCount;
  };

  const none: Record<string, (enqueue: Enqueue) => Promise<void>> = {
    "pg's pool": (enqueue) => enqueue(pool),
    "a client that has not begun": async (enqueue) => {
      const client = await pool.connect();
      try {
        await enqueue(client);
      } finally {
        client.release();
      }
    },
    "Drizzle's database": (enqueue) => enqueue(drizzle({ client: pool })),
    "Kysely's database": (enqueue) => enqueue(new Kysely({ dialect: new PostgresDialect({ pool }) })),
    "postgres.js' sql": (enqueue) => withPostgres(enqueue),
    "a connection of postgres.js that has not begun": (enqueue) =>
      withPostgres(async (sql) => {
        const reserved = await sql.reserve();
        await enqueue(reserved).finally(() => reserved.release());
      }),
    "Drizzle's database over postgres.js": (enqueue) =>
      withPostgres((client) => enqueue(drizzleOverPostgres({ client }))),
  };

  for (const [name, given] of Object.entries(none))
    test(`of ${name} is refused, and nothing is stored`, async () => {
      await given((tx) =>
        assert.rejects(addLater.with({ tx, key: `none: ${name}` }).enqueue(1, 2), {
          code: "OFFLOOP_JOBS_TRANSACTION",
          message:
            /tx is (an instance of|the function) \S+ in which none is open, so the job would be stored at once/,
        }),
      );
      assert.equal(await stored("none"), 0);
    });

  test("on another database is refused", async () => {
    await pool.query("create database other");
    const url = new URL(database.url);
    url.pathname = "/other";
    const client = new pg.Client(url.href);
    await client.connect();
    await client.query("begin");
    await assert.rejects(addLater.with({ tx: client }).enqueue(1, 2), {
      code: "OFFLOOP_JOBS_TRANSACTION",
      message: /the database that it is on has no jobs in a schema "offloop"/,
    });
    await client.end();
  });

  test("of something else is refused", async () => {
    await assert.rejects(addLater.with({ tx: { run: 1 } }).enqueue(1, 2), {
      code: "OFFLOOP_JOBS_TRANSACTION",
      message: /tx is an instance of Object/,
    });
    await assert.rejects(addLater.with({ tx: function begun() {} }).enqueue(1, 2), {
      code: "OFFLOOP_JOBS_TRANSACTION",
      message: /tx is the function begun, not a transaction of pg, postgres\.js,/,
    });
  });
});
