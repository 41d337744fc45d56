import { parentPort } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import type { Answer, Question } from "./pglite.ts";

const database = await PGlite.create();
const { rows } = await database.query<{ version: string }>(
  "SELECT current_setting('server_version') AS version",
);

parentPort?.on("message", async ({ id, sql }: Question) => parentPort?.postMessage(await answer(id, sql)));
parentPort?.postMessage(rows[0]?.version);

async function answer(id: number, sql: string): Promise<Answer> {
  try {
    const { rows } = await database.query<Record<string, unknown>>(sql);
    return { id, rows };
  } catch (error) {
    return { id, error: error as Error };
  }
}
