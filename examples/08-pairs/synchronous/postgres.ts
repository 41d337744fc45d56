import pg from "pg";
import { runAsWorker } from "synckit";

/** One connection for each worker, and so for each thread that queries. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });

/** The rows of a query. */
export async function query(sql: string, values: readonly unknown[]): Promise<readonly object[]> {
  return (await pool.query(sql, [...values])).rows;
}

runAsWorker(query);
