import pg from "pg";
import { DatabaseError } from "./database-error.ts";
import { checkDatabaseUrl } from "./database-url.ts";
import { type Result, startPglite } from "./pglite.ts";

/** A database behind an async driver. */
export interface Database {
  /** Its name, for the reader. */
  readonly name: string;
  query(sql: string): Promise<Result>;
  close(): Promise<unknown>;
}

const opened: Database[] = [];

/** A lifespan: PostgreSQL if DATABASE_URL names one, else PGlite. Opened on the main thread, for async operations. */
export async function* openDatabase(): AsyncGenerator<undefined, void, void> {
  const url = process.env.DATABASE_URL;
  const database = url ? await connect(url) : await embed();
  opened.push(database);
  yield;
  await database.close();
}

/** The open database. */
export function database(): Database {
  return opened[0]!;
}

async function embed(): Promise<Database> {
  const { version, query, close } = await startPglite();
  return { name: `PGlite (PostgreSQL ${version}) in a thread of its own`, query, close };
}

async function connect(url: string): Promise<Database> {
  checkDatabaseUrl(url);
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", (error) => console.error(`The database closed an idle connection: ${error.message}`));
  try {
    const { rows } = await pool.query("SELECT current_setting('server_version') AS version");
    return {
      name: `PostgreSQL ${rows[0].version} at DATABASE_URL`,
      query: (sql) => pool.query(sql),
      close: () => pool.end(),
    };
  } catch (cause) {
    const fix = "check that PostgreSQL runs there and knows this user, or unset it to use PGlite";
    throw new DatabaseError(`Cannot connect to DATABASE_URL: ${reasonOf(cause)}\n  fix ${fix}`, { cause });
  }
}

/** A host with several addresses that all refuse causes an error of errors, without a message of its own. */
function reasonOf(error: unknown): string {
  const errors = error instanceof AggregateError ? error.errors : [error];
  return errors.map((each) => (each instanceof Error ? each.message : String(each))).join("; ");
}
