import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, OffloopError } from "offloop";
import pg from "pg";
import app from "../fixtures/apps/asks-jobs.ts";
import { restarted } from "../fixtures/database-proxies.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { running } from "../fixtures/running.ts";

test("while the database is away, what needs jobs answers 503 on either lane, and works again once it is back", {
  skip: withoutPostgres(),
  timeout: 120_000,
}, async (t) => {
  const server = await postgres();
  await using database = await restarted(server.url);
  const served = await running(app, { work: false, jobs: { url: database.url } });
  t.after(() => served.close());
  const ask = async (method: string, path: string): Promise<[number, string | null]> => {
    const response = await fetch(`${served.url}${path}`, { method });
    await response.arrayBuffer();
    return [response.status, response.headers.get("retry-after")];
  };
  assert.deepEqual(await ask("POST", "/thread"), [200, null]);
  await database.stop();
  const away = [
    ["POST", "/loop"],
    ["POST", "/thread"],
    ["GET", "/jobs"],
    ["GET", "/follow"],
  ] as const;
  for (const [method, path] of away) assert.deepEqual([path, ...(await ask(method, path))], [path, 503, "5"]);
  const { err } = await served.logged(
    ({ err }) => (err as { code?: string })?.code === "OFFLOOP_JOBS_UNREACHABLE",
  );
  assert.match(String((err as { message?: string }).message), /^Cannot reach the database of the jobs: /);
  await database.start();
  assert.deepEqual(await ask("POST", "/loop"), [200, null]);
  assert.deepEqual(await ask("POST", "/thread"), [200, null]);
});

test("an operation whose database goes away in its transaction answers 503 when it enqueues", {
  skip: withoutPostgres(),
  timeout: 60_000,
}, async (t) => {
  const server = await postgres();
  await using database = await restarted(server.url);
  const transaction = depends({ scope: "function" }, async function* () {
    const client = new pg.Client(database.url);
    client.on("error", () => {});
    await client.connect();
    try {
      await client.query("begin");
      yield client;
      await client.query("commit");
    } catch (error) {
      await client.query("rollback").catch(() => {});
      throw error;
    } finally {
      await client.end();
    }
  });
  const orders: App = new App();
  const confirm = orders.task("confirm", { durable: true }, async () => {});
  orders.post("/orders", { deps: { transaction } }, async ({ transaction: tx }) => {
    await database.stop();
    return confirm.with({ tx }).enqueue();
  });
  const served = await running(orders, { work: false, jobs: { url: database.url } });
  t.after(() => served.close());
  const response = await fetch(`${served.url}/orders`, { method: "POST" });
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"]);
});

test("an error handler is given the seconds that the built-in answer sends", {
  skip: withoutPostgres(),
  timeout: 60_000,
}, async (t) => {
  const server = await postgres();
  await using database = await restarted(server.url);
  const orders: App = new App();
  const confirm = orders.task("confirm", { durable: true }, async () => {});
  orders.onError(Error, async (error, { response }) => {
    response.status = 503;
    return { again: error instanceof OffloopError ? error.retryAfterS : undefined };
  });
  orders.post("/orders", async () => confirm.enqueue());
  const served = await running(orders, { work: false, jobs: { url: database.url } });
  t.after(() => served.close());
  await database.stop();
  const response = await fetch(`${served.url}/orders`, { method: "POST" });
  assert.deepEqual([response.status, await response.json()], [503, { again: 5 }]);
});
