import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { codesOf } from "../refusals.ts";
import type { Sql } from "./database.ts";

type Rows = Awaited<ReturnType<Sql["executeSql"]>>["rows"];

/** The supported transactions, recognised by what only each library's has. */
interface AnyTransaction {
  /** `pg` has a function here, Drizzle an object. */
  readonly query?: unknown;
  /** Drizzle. */
  readonly execute?: (query: DrizzleQuery) => Promise<Rows | { rows: Rows }>;
  /** Kysely. */
  readonly executeQuery?: (query: object) => Promise<{ rows: Rows }>;
  /** Knex. */
  readonly raw?: (text: string, values: readonly unknown[]) => Promise<{ rows: Rows }>;
  /** Prisma. */
  readonly $queryRawUnsafe?: (text: string, ...values: readonly unknown[]) => Promise<Rows>;
  /** postgres.js, whose transaction is a function. */
  readonly unsafe?: (text: string, values: readonly unknown[]) => Promise<Rows>;
}

/** The interface that Drizzle requires of a query. */
interface DrizzleQuery {
  getSQL(): { toQuery(): { sql: string; params: readonly unknown[] } };
}

type PgQuery = (text: string, values: readonly unknown[]) => Promise<{ rows: Rows }>;

/** PostgreSQL's code for a statement that needs a transaction, where none is open. */
const NO_TRANSACTION = "25P01";
/** And for a schema or a table that does not exist. */
const NOT_THERE: ReadonlySet<string> = new Set(["3F000", "42P01"]);

/**
 * A user's transaction, as something that runs SQL. The database itself is asked whether one is open: what is given may
 * be a pool, a client that has begun none, or a library's object for the whole database, and would store the job at once.
 *
 * @throws {OffloopError} `OFFLOOP_JOBS_TRANSACTION` when it is not a supported one, none is open, or it is on a database
 * without the schema.
 */
export async function openTransaction(given: unknown, schema: string): Promise<Sql> {
  const sql = sqlOfTransaction(given);
  try {
    await sql.executeSql(`lock table only ${schema}.job in access share mode`);
  } catch (error) {
    const codes = codesOf(error);
    if (codes.has(NO_TRANSACTION))
      throw new OffloopError(
        "OFFLOOP_JOBS_TRANSACTION",
        `Cannot enqueue in a transaction: tx is ${describe(given)} in which none is open, so the job would be stored at once`,
        {
          fix: "pass the client on which you have awaited begin, not its pool, or what the library gives you inside its transaction; or leave tx out",
          cause: error,
        },
      );
    if ([...codes].some((code) => NOT_THERE.has(code)))
      throw new OffloopError(
        "OFFLOOP_JOBS_TRANSACTION",
        `Cannot enqueue in a transaction: the database that it is on has no jobs in a schema "${schema}"`,
        { fix: "begin it on the database of DATABASE_URL (or jobs.url), which keeps the jobs", cause: error },
      );
    throw error;
  }
  return sql;
}

function sqlOfTransaction(given: unknown): Sql {
  const tx = (given ?? {}) as AnyTransaction;
  const run = runnerOf(tx);
  if (run !== undefined)
    return { executeSql: async (text, values = []) => ({ rows: await run(text, values) }) };
  throw new OffloopError(
    "OFFLOOP_JOBS_TRANSACTION",
    `Cannot enqueue in a transaction: tx is ${describe(given)}, not a transaction of pg, postgres.js, Drizzle, Kysely, Knex or Prisma`,
    {
      fix: "pass the object that the library gives you inside its transaction, or the pg client that has begun one",
    },
  );
}

function runnerOf(
  tx: AnyTransaction,
): ((text: string, values: readonly unknown[]) => Promise<Rows>) | undefined {
  const { $queryRawUnsafe, executeQuery, execute, query, raw, unsafe } = tx;
  if (typeof $queryRawUnsafe === "function")
    return (text, values) => $queryRawUnsafe.call(tx, text, ...values);
  if (typeof executeQuery === "function")
    return async (text, values) => {
      const { rows } = await executeQuery.call(tx, kyselyQuery(text, values));
      return [...rows];
    };
  if (typeof execute === "function")
    return async (text, values) => {
      const result = await execute.call(tx, drizzleQuery(text, values));
      return Array.isArray(result) ? result : result.rows;
    };
  if (typeof raw === "function")
    return async (text, values) => {
      const knex = knexQuery(text, values);
      return (await raw.call(tx, knex.text, knex.values)).rows;
    };
  if (typeof unsafe === "function")
    return async (text, values) => (await unsafe.call(tx, text, values)).map(withStoredNames);
  if (typeof query !== "function") return undefined;
  return async (text, values) => (await (query as PgQuery).call(tx, text, values)).rows;
}

function kyselyQuery(sql: string, parameters: readonly unknown[]): object {
  return { sql, parameters, query: { kind: "RawNode" }, queryId: { queryId: "offloop" } };
}

function drizzleQuery(sql: string, params: readonly unknown[]): DrizzleQuery {
  return { getSQL: () => ({ toQuery: () => ({ sql, params }) }) };
}

/** Knex counts question marks; PostgreSQL numbers its values, and may use one twice. */
function knexQuery(
  text: string,
  values: readonly unknown[],
): { readonly text: string; readonly values: readonly unknown[] } {
  const ordered: unknown[] = [];
  const marked = text.replaceAll("?", "\\?").replaceAll(/\$(\d+)/g, (_, number) => {
    ordered.push(values[Number(number) - 1]);
    return "?";
  });
  return { text: marked, values: ordered };
}

/** postgres.js can be told to name columns in camel, Pascal or kebab case; those of the jobs are in snake case. */
function withStoredNames(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [storedName(name), value]));
}

function storedName(name: string): string {
  return name
    .replaceAll(/(?<!^)[A-Z]/g, "_$&")
    .replaceAll("-", "_")
    .toLowerCase();
}

/** Never what an object holds: it may have the address of the database. */
function describe(given: unknown): string {
  if (typeof given !== "object" || given === null) return shownValue(given);
  return `an instance of ${given.constructor?.name ?? "nothing"}`;
}
