import assert from "node:assert/strict";
import { test } from "node:test";
import mysql from "mysql2/promise";
import pg from "pg";
import { mariadb, postgres, withoutMariadb, withoutPostgres } from "../fixtures/databases.ts";

test("postgres() starts a server with settings, and restart() keeps its place", {
  skip: withoutPostgres(),
}, async () => {
  const server = await postgres({ max_connections: "20" });
  const ask = async (): Promise<unknown> => {
    const client = new pg.Client(server.url);
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('max_connections') AS n");
    await client.end();
    return rows[0].n;
  };
  assert.match(server.name, /^PostgreSQL \d+/);
  assert.equal(await ask(), "20");
  await server.restart();
  assert.equal(await ask(), "20");
});

test("mariadb() starts a server with settings, and restart() keeps its place", {
  skip: withoutMariadb(),
}, async () => {
  const server = await mariadb({ "max-connections": "20" });
  const ask = async (): Promise<unknown> => {
    const connection = await mysql.createConnection(server.url);
    const [rows] = await connection.query("SELECT @@max_connections AS n");
    await connection.end();
    return (rows as { n: number }[])[0]?.n;
  };
  assert.match(server.name, /^MariaDB \d+/);
  assert.equal(await ask(), 20);
  await server.restart();
  assert.equal(await ask(), 20);
});
