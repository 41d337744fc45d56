import mysql from "mysql2/promise";
import { runAsWorker } from "synckit";

/** One connection for each worker, and so for each thread that queries. */
const pool = mysql.createPool({ uri: process.env.MYSQL_URL ?? "", connectionLimit: 1 });

/** The rows of a query. */
export async function query(sql: string, values: readonly (string | number)[]): Promise<unknown> {
  const [rows] = await pool.query(sql, [...values]);
  return rows;
}

runAsWorker(query);
