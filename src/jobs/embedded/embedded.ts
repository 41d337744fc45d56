import { setTimeout as delay } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { OffloopError } from "../../errors/offloop-error.ts";
import { ownEntry } from "../../errors/own-code.ts";
import { startThread } from "../../errors/start-thread.ts";
import type { JobsDatabase, Sql, Transaction } from "../postgres/database.ts";
import type { EmbeddedMessage, EmbeddedRequest, EmbeddedThreadData } from "./embedded-thread.ts";
import { folderError, ownedError } from "./folder.ts";

type Unnumbered<Request> = Request extends unknown ? Omit<Request, "id"> : never;

interface Pending {
  resolve(rows: unknown[]): void;
  reject(error: Error): void;
}

interface Listener {
  onNotification(payload: string): void;
  onReconnect(): void;
}

/** How long after the thread has ended another is started: one that cannot start must not be tried all the time. */
const RESTART_MS = 1_000;

/**
 * PGlite in a folder, on a thread of its own, since its SQL would block the loop. One process has a folder open at a
 * time. Every commit is on disk before it is acknowledged. Should the thread end, whatever is asked fails until another
 * has opened the folder.
 */
export class EmbeddedDatabase implements JobsDatabase {
  readonly #dir: string;
  readonly #onError: (error: Error) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #closing = new AbortController();
  #thread: Worker;
  #asked = 0;
  #transactions = 0;
  /** Why nothing can be asked now. */
  #gone: Error | undefined;
  #reopening: Promise<void> | undefined;

  private constructor(dir: string, thread: Worker, onError: (error: Error) => void) {
    this.#dir = dir;
    this.#onError = onError;
    this.#thread = this.#attend(thread);
  }

  /**
   * Opens the folder. Creates it the first time, which takes some seconds.
   *
   * @param onError - Called when the thread has ended, and when another could not be started.
   * @throws {OffloopError} `OFFLOOP_JOBS_OWNED`, `OFFLOOP_JOBS_FOLDER`, `OFFLOOP_JOBS_PACKAGE`, `OFFLOOP_THREAD_START`.
   */
  static async open(dir: string, onError: (error: Error) => void): Promise<EmbeddedDatabase> {
    try {
      return new EmbeddedDatabase(dir, await startedThread(dir), onError);
    } catch (error) {
      throw error instanceof OffloopError ? error : await folderError(dir, error);
    }
  }

  /** Whether its thread has ended, and no other has opened the folder yet. */
  get isDown(): boolean {
    return this.#gone !== undefined;
  }

  /** Resolves when it is open again; at once when it is open, or closed. */
  async reopened(): Promise<void> {
    await this.#reopening;
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
    const listener: Listener = { onNotification, onReconnect };
    listeners.add(listener);
    onReconnect();
    return { close: async () => void listeners.delete(listener) };
  }

  async beginTransaction(): Promise<Transaction> {
    const transaction = ++this.#transactions;
    const thread = this.#thread;
    // In the thread that replaces its own, its statements would run outside of any transaction.
    const ask = (request: Unnumbered<EmbeddedRequest>): Promise<unknown[]> =>
      thread === this.#thread ? this.#ask(request) : Promise.reject(endedError(this.#dir, "in between"));
    await ask({ begin: transaction });
    let settled = false;
    const end = async (how: "COMMIT" | "ROLLBACK"): Promise<void> => {
      if (settled) return;
      settled = true;
      await ask({ end: how, transaction });
    };
    return {
      db: {
        executeSql: async (text, values) => ({ rows: await ask({ text, values, transaction }) }),
      },
      commit: () => end("COMMIT"),
      rollback: () => end("ROLLBACK").catch(() => {}),
    };
  }

  /** Closes it, so that another process may open the folder. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reopening;
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

  #attend(thread: Worker): Worker {
    let why: string | undefined;
    thread.on("message", (message: EmbeddedMessage) => this.#hear(message));
    thread.on("error", ({ message }: Error) => {
      why = message;
    });
    thread.once("exit", (code) => this.#lose(why ?? `code ${code}`));
    thread.unref();
    return thread;
  }

  #hear(message: EmbeddedMessage): void {
    if ("channel" in message) {
      for (const { onNotification } of this.#listeners.get(message.channel) ?? [])
        onNotification(message.payload);
    }
    if (!("id" in message)) return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) this.#thread.unref();
    if ("error" in message)
      pending?.reject(Object.assign(new Error(message.error.message), { ...message.error }));
    else pending?.resolve(message.rows);
  }

  #lose(why: string): void {
    const isClosing = this.#closing.signal.aborted;
    const gone = isClosing ? new Error("the embedded jobs database is closed") : endedError(this.#dir, why);
    this.#gone = gone;
    for (const { reject } of this.#pending.values()) reject(gone);
    this.#pending.clear();
    if (isClosing) return;
    this.#onError(gone);
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
  }

  /** The jobs that run here go on meanwhile: what they have come to is stored once it is open again. */
  async #reopen(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#gone !== undefined) {
      await delay(RESTART_MS, undefined, { ref: false, signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        this.#thread = this.#attend(await startedThread(this.#dir));
      } catch (error) {
        this.#onError(endedError(this.#dir, (error as Error).message));
        continue;
      }
      this.#gone = undefined;
      // It fails only if this thread ends, too, which is reported then.
      await this.#listenAgain().catch(() => {});
    }
  }

  async #listenAgain(): Promise<void> {
    for (const [channel, listeners] of this.#listeners) {
      await this.#ask({ listen: channel });
      for (const { onReconnect } of listeners) onReconnect();
    }
  }
}

/** A thread that has the folder open. */
async function startedThread(dir: string): Promise<Worker> {
  const thread = startDatabase({ dir });
  const started = Promise.withResolvers<EmbeddedMessage>();
  thread.once("message", started.resolve);
  thread.once("error", started.reject);
  thread.once("exit", () => started.reject(new Error("its thread ended")));
  const answer = await started.promise;
  if ("owned" in answer) throw ownedError(dir, answer.owned);
  return thread;
}

function startDatabase(workerData: EmbeddedThreadData): Worker {
  const url = ownEntry("jobs/embedded/embedded-thread");
  return startThread("the thread of the jobs database", url, { workerData, name: "offloop jobs database" });
}

function endedError(dir: string, why: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_JOBS_DATABASE_ENDED",
    `Cannot reach the jobs in ${dir}: the thread of their database has ended (${why.split("\n")[0]})`,
    {
      fix: "wait: another thread opens them, with an attempt every second; if it ends again, set DATABASE_URL to a PostgreSQL",
      retryAfterS: 1,
    },
  );
}
