import { DatabaseSync } from "node:sqlite";
import Database from "better-sqlite3";
import mariadb from "mariadb";
import mysql from "mysql2/promise";
import type { DriverName } from "offloop/dsn";
import pg from "pg";
import postgres from "postgres";

/** Who a DSN leads to, asked through a real driver: the user of a server, or the file of SQLite. */
export async function openedBy(driver: DriverName, dsn: string): Promise<string> {
  return opening[driver](dsn);
}

const opening: Readonly<Record<DriverName, (dsn: string) => Promise<string>>> = {
  pg: async (dsn) => {
    const client = new pg.Client({ connectionString: dsn, connectionTimeoutMillis: 5_000 });
    // A server that ends a connection says so to nobody else.
    client.on("error", () => {});
    try {
      await client.connect();
      const { rows } = await client.query("SELECT current_user || '@' || current_database() AS it");
      return rows[0].it;
    } finally {
      await client.end();
    }
  },
  postgres: async (dsn) => {
    const sql = postgres(dsn, { max: 1, connect_timeout: 5 });
    try {
      const [row] = await sql`SELECT current_user || '@' || current_database() AS it`;
      return row?.it;
    } finally {
      await sql.end();
    }
  },
  mysql2: async (dsn) => {
    const connection = await mysql.createConnection({ uri: dsn, connectTimeout: 1_000 });
    try {
      const [rows] = await connection.query("SELECT CONCAT(USER(), '/', IFNULL(DATABASE(), 'none')) AS it");
      return named((rows as { it: string }[])[0]?.it);
    } finally {
      await connection.end();
    }
  },
  mariadb: async (dsn) => {
    const connection = await mariadb.createConnection(dsn);
    try {
      const [row] = await connection.query("SELECT CONCAT(USER(), '/', IFNULL(DATABASE(), 'none')) AS it");
      return named(row.it);
    } finally {
      await connection.end();
    }
  },
  "node:sqlite": async (path) => fileOf(new DatabaseSync(path)),
  "better-sqlite3": async (path) => fileOf(new Database(path)),
};

/** `ada@localhost/shop` without the client's address. */
function named(text = ""): string {
  return text.replace(/@[^/]*\//, "@");
}

function fileOf(database: { prepare(sql: string): { get(): unknown }; close(): void }): string {
  const { file } = database.prepare("SELECT file FROM pragma_database_list").get() as { file: string };
  database.close();
  return file.split("/").at(-1) ?? "";
}
