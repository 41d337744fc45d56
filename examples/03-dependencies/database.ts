import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { depends } from "offloop";

const path = process.env.NOTES_DATABASE ?? join(tmpdir(), "offloop-notes.db");

/** Each thread has a handle of its own, opened on first use and closed when the thread leaves. */
export const database = depends(
  function* () {
    const database = new DatabaseSync(path, { timeout: 5000 });
    database.exec("pragma journal_mode = wal");
    database.exec("create table if not exists notes (id integer primary key, owner text, words text)");
    yield database;
    database.close();
  },
  { scope: "thread" },
);

/**
 * Stores everything the operation writes, or nothing: it sees the handler's error at its `yield`.
 * Closed before the response.
 */
export const transaction = depends({ deps: { database }, scope: "function" }, function* ({ database }) {
  database.exec("begin immediate");
  try {
    yield database;
    database.exec("commit");
  } catch (error) {
    if (database.isTransaction) database.exec("rollback"); // SQLite may have done it
    throw error;
  }
});
