/** Runs SQL. The type of the rows depends on the statement. */
export interface Sql {
  // biome-ignore lint/suspicious/noExplicitAny: what a row holds is the statement's business
  executeSql(text: string, values?: readonly unknown[]): Promise<{ rows: any[] }>;
}

/** A transaction that is open until one of its ends is called. */
export interface Transaction {
  readonly db: Sql;
  commit(): Promise<void>;
  /** Never rejects. */
  rollback(): Promise<void>;
}

/** The database that stores the jobs, as pg-boss and the code next to it need it. */
export interface JobsDatabase extends Sql {
  listen(
    channel: string,
    onNotification: (payload: string) => void,
    onReconnect: () => void,
  ): Promise<{ close(): Promise<void> }>;
  beginTransaction(): Promise<Transaction>;
  /** Resolves when a database that was lost is open again, where it is opened again by itself. */
  reopened?(): Promise<void>;
}

/** Runs statements in one transaction. */
export async function inTransaction<Result>(
  database: JobsDatabase,
  run: (sql: Sql) => Promise<Result>,
): Promise<Result> {
  const transaction = await database.beginTransaction();
  try {
    const result = await run(transaction.db);
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}
