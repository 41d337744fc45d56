import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { OffloopError } from "../errors/offloop-error.ts";
import { ownEntry } from "../errors/own-code.ts";
import { startThread } from "../errors/start-thread.ts";
import type { JobsDatabase, Sql, Transaction } from "./database.ts";
import type { EmbeddedMessage, EmbeddedRequest, EmbeddedThreadData } from "./embedded-thread.ts";

type Unnumbered<Request> = Request extends unknown ? Omit<Request, "id"> : never;

interface Pending {
  resolve(rows: unknown[]): void;
  reject(error: Error): void;
}

/**
 * PGlite in a folder, on a thread of its own, since its SQL would block the loop. One process has a folder open at a
 * time. Every commit is on disk before it is acknowledged.
 */
export class EmbeddedDatabase implements JobsDatabase {
  readonly #thread: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, Set<(payload: string) => void>>();
  #asked = 0;
  #transactions = 0;
  #gone: Error | undefined;

  private constructor(thread: Worker) {
    this.#thread = thread;
    thread.on("message", (message: EmbeddedMessage) => this.#hear(message));
    thread.on("error", (error: Error) => this.#lose(error));
    thread.on("exit", () => this.#lose(new Error("the embedded jobs database is closed")));
  }

  /**
   * Opens the folder. Creates it the first time, which takes some seconds.
   *
   * @throws {OffloopError} `OFFLOOP_JOBS_OWNED`, `OFFLOOP_JOBS_FOLDER`, `OFFLOOP_JOBS_PACKAGE`, `OFFLOOP_THREAD_START`.
   */
  static async open(dir: string): Promise<EmbeddedDatabase> {
    const thread = startDatabase({ dir });
    const started = Promise.withResolvers<EmbeddedMessage>();
    thread.once("message", started.resolve);
    thread.once("error", started.reject);
    thread.once("exit", () => started.reject(new Error("its thread ended")));
    try {
      if ("owned" in (await started.promise)) throw ownedError(dir);
    } catch (error) {
      throw error instanceof OffloopError ? error : await folderError(dir, error);
    }
    const database = new EmbeddedDatabase(thread);
    thread.unref();
    return database;
  }

  async executeSql(text: string, values?: readonly unknown[]): ReturnType<Sql["executeSql"]> {
    return { rows: await this.#ask({ text, values }) };
  }

  async listen(
    channel: string,
    onNotification: (payload: string) => void,
    onReconnect: () => void,
  ): Promise<{ close(): Promise<void> }> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners);
    if (listeners.size === 0) await this.#ask({ listen: channel });
    listeners.add(onNotification);
    onReconnect();
    return { close: async () => void listeners.delete(onNotification) };
  }

  async beginTransaction(): Promise<Transaction> {
    const transaction = ++this.#transactions;
    await this.#ask({ begin: transaction });
    let settled = false;
    const end = async (how: "COMMIT" | "ROLLBACK"): Promise<void> => {
      if (settled) return;
      settled = true;
      await this.#ask({ end: how, transaction });
    };
    return {
      db: {
        executeSql: async (text, values) => ({ rows: await this.#ask({ text, values, transaction }) }),
      },
      commit: () => end("COMMIT"),
      rollback: () => end("ROLLBACK").catch(() => {}),
    };
  }

  /** Closes it, so that another process may open the folder. */
  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const exited = new Promise((resolve) => this.#thread.once("exit", resolve));
    await this.#ask({ close: true });
    this.#thread.ref();
    await exited;
  }

  #ask(request: Unnumbered<EmbeddedRequest>): Promise<unknown[]> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = ++this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
    this.#pending.set(id, { resolve, reject });
    // It keeps the process alive only while someone waits for it.
    this.#thread.ref();
    this.#thread.postMessage({ id, ...request });
    return promise;
  }

  #hear(message: EmbeddedMessage): void {
    if ("channel" in message) {
      for (const listener of this.#listeners.get(message.channel) ?? []) listener(message.payload);
    }
    if (!("id" in message)) return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) this.#thread.unref();
    if ("error" in message)
      pending?.reject(Object.assign(new Error(message.error.message), { ...message.error }));
    else pending?.resolve(message.rows);
  }

  #lose(error: Error): void {
    this.#gone ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function startDatabase(workerData: EmbeddedThreadData): Worker {
  const url = ownEntry("jobs/embedded-thread");
  return startThread("the thread of the jobs database", url, { workerData, name: "offloop jobs database" });
}

function ownedError(dir: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_JOBS_OWNED",
    `Cannot open the jobs in ${dir}: another process has them open, and embedded jobs can be open in one process only`,
    { fix: "set DATABASE_URL to a PostgreSQL that all processes share, or stop the other process" },
  );
}

async function folderError(dir: string, cause: unknown): Promise<OffloopError> {
  if ((cause as { code?: string }).code === "ERR_MODULE_NOT_FOUND") {
    return new OffloopError(
      "OFFLOOP_JOBS_PACKAGE",
      "Cannot keep jobs in a folder: @electric-sql/pglite is not installed",
      { fix: "run npm install @electric-sql/pglite, or set DATABASE_URL", cause },
    );
  }
  const [written, readable] = [writtenVersion(dir), await readableVersion()];
  const why =
    written === undefined || written === readable
      ? String((cause as Error).message)
      : `PostgreSQL ${written} wrote it, and the installed PGlite is PostgreSQL ${readable}`;
  return new OffloopError("OFFLOOP_JOBS_FOLDER", `Cannot open the jobs in ${dir}: ${why}`, {
    fix: "install the PGlite that wrote the folder, or remove the folder with the jobs in it, or set DATABASE_URL",
    cause,
  });
}

/** Whether opening the folder creates the database in it. */
export function isNewFolder(dir: string): boolean {
  return writtenVersion(dir) === undefined;
}

function writtenVersion(dir: string): string | undefined {
  const file = join(dir, "pg", "PG_VERSION");
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

/** PGlite reveals its PostgreSQL version only once it runs. */
async function readableVersion(): Promise<string> {
  const { PGlite } = await import("@electric-sql/pglite");
  await using pg = await PGlite.create();
  const { rows } = await pg.query<{ major: string }>(
    "select (current_setting('server_version_num')::int / 10000)::text as major",
  );
  return rows[0]?.major ?? "unknown";
}
