import { chmodSync, fdatasyncSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type PGlite, PGlite as PGliteClass } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** Data that the thread is started with. */
export interface EmbeddedThreadData {
  readonly dir: string;
}

/** A request to the thread. A statement of an open transaction carries the transaction's number. */
export type EmbeddedRequest = { readonly id: number } & (
  | { readonly text: string; readonly values: readonly unknown[] | undefined; readonly transaction?: number }
  | { readonly begin: number }
  | { readonly end: "COMMIT" | "ROLLBACK"; readonly transaction: number }
  | { readonly listen: string }
  | { readonly close: true }
);

/** A message from the thread. */
export type EmbeddedMessage =
  | { readonly ready: true }
  /** Another process has the folder open: its id, where that is known. */
  | { readonly owned: number | undefined }
  | { readonly channel: string; readonly payload: string }
  | { readonly id: number; readonly rows: unknown[] }
  | { readonly id: number; readonly error: SqlFailure };

/** A PostgreSQL error, as plain data. */
export interface SqlFailure {
  readonly message: string;
  readonly code: string | undefined;
  readonly constraint: string | undefined;
  readonly detail: string | undefined;
}

type Turn = Extract<EmbeddedRequest, { readonly text: string } | { begin: number } | { end: string }>;

interface FsModule {
  readonly NODEFS?: NodeFsOperations;
  readonly FS: { readonly filesystems: { readonly NODEFS: NodeFsOperations } };
}

interface NodeFsOperations {
  readonly stream_ops: { fsync?: (stream: { nfd: number | null }) => number };
}

/** PGlite's own file system drops fsync, so a commit would not survive a loss of power. */
class SyncedFS extends NodeFS {
  override async init(
    pg: PGlite,
    options: Parameters<NodeFS["init"]>[1],
  ): Promise<Awaited<ReturnType<NodeFS["init"]>>> {
    const result = await super.init(pg, options);
    const preRun = result.emscriptenOpts.preRun as unknown as ((module: FsModule) => void)[];
    preRun.push((module) => {
      (module.NODEFS ?? module.FS.filesystems.NODEFS).stream_ops.fsync = ({ nfd }) => {
        if (nfd !== null) fdatasyncSync(nfd);
        return 0;
      };
    });
    return result;
  }
}

/** One session: a transaction has it to itself until it ends, while everything else waits. */
export class Session {
  readonly #pg: PGlite;
  readonly #port: MessagePort;
  readonly #waiting: Turn[] = [];
  #holder: number | undefined;
  #busy = false;

  constructor(pg: PGlite, port: MessagePort) {
    this.#pg = pg;
    this.#port = port;
  }

  async take(turn: Turn): Promise<void> {
    this.#waiting.push(turn);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#serve(next);
    this.#busy = false;
  }

  #next(): Turn | undefined {
    const at = this.#waiting.findIndex(
      (turn) => this.#holder === undefined || ("transaction" in turn && turn.transaction === this.#holder),
    );
    return at === -1 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  async #serve(turn: Turn): Promise<void> {
    if ("begin" in turn) this.#holder = turn.begin;
    try {
      const rows = await this.#run(turn);
      this.#port.postMessage({ id: turn.id, rows } satisfies EmbeddedMessage);
    } catch (thrown) {
      // What fails on its own, or as an end, must not leave the session in an aborted transaction; an open transaction
      // is its holder's concern.
      if (!isInside(turn)) await this.#pg.exec("ROLLBACK").catch(() => {});
      // One that has not begun will never be ended.
      if ("begin" in turn) this.#holder = undefined;
      this.#port.postMessage({ id: turn.id, error: failureOf(thrown) } satisfies EmbeddedMessage);
    }
    if ("end" in turn) this.#holder = undefined;
  }

  async #run(turn: Turn): Promise<unknown[]> {
    if ("begin" in turn) return this.#all("BEGIN");
    if ("end" in turn) return this.#all(turn.end);
    if (turn.values === undefined || turn.values.length === 0) return this.#all(turn.text);
    return (await this.#pg.query(turn.text, [...turn.values])).rows;
  }

  /** Several statements at once are possible only without values. */
  async #all(text: string): Promise<unknown[]> {
    return (await this.#pg.exec(text)).flatMap(({ rows }) => rows);
  }
}

/** Whether it is a statement of an open transaction. */
function isInside(turn: Turn): boolean {
  return "text" in turn && "transaction" in turn;
}

function failureOf(thrown: unknown): SqlFailure {
  const { message, code, constraint, detail } = thrown as SqlFailure;
  return { message: String(message), code, constraint, detail };
}

/** The lock is the kernel's: it is released with the process, however that ends. Undefined when another process holds it. */
async function lock(dir: string): Promise<DatabaseSync | undefined> {
  const { DatabaseSync } = await import("node:sqlite");
  const file = new DatabaseSync(join(dir, "owner.lock"));
  try {
    file.exec("PRAGMA busy_timeout=0; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    return file;
  } catch (error) {
    file.close();
    if (/locked/.test(String(error))) return undefined;
    throw error;
  }
}

/** The lock tells nobody whose it is. */
const ownerFile = (dir: string): string => join(dir, "owner.pid");

function ownerOf(dir: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(ownerFile(dir), "utf8"), 10) || undefined;
  } catch {
    return undefined; // not written yet
  }
}

/**
 * PGlite creates files that every user of the machine can read and write, and with them the jobs. So only the owner may
 * enter their folder, as with PostgreSQL's own.
 */
function closeToOthers(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    chmodSync(folder, 0o700);
  } catch {} // another user's, or on a disk without rights
  return folder;
}

export function openDatabase(dir: string): Promise<PGlite> {
  // "-F" is fsync=off. Its default for shared buffers is 128 MB, which a queue does not need.
  const startParams = PGliteClass.defaultStartParams.filter((param) => param !== "-F");
  return PGliteClass.create({
    fs: new SyncedFS(closeToOthers(join(dir, "pg"))),
    startParams: [...startParams, "-c", "wal_sync_method=fsync", "-c", "shared_buffers=8MB"],
  });
}

async function serve(port: MessagePort, { dir }: EmbeddedThreadData): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const owned = await lock(dir);
  if (owned === undefined) {
    port.postMessage({ owned: ownerOf(dir) } satisfies EmbeddedMessage);
    return port.close();
  }
  writeFileSync(ownerFile(dir), `${process.pid}\n`);
  const pg = await openDatabase(dir);
  const session = new Session(pg, port);
  port.on("message", async (request: EmbeddedRequest) => {
    if ("text" in request || "begin" in request || "end" in request) return session.take(request);
    if ("listen" in request) {
      const { listen: channel } = request;
      await pg.listen(channel, (payload) => port.postMessage({ channel, payload } satisfies EmbeddedMessage));
    } else {
      await pg.close();
      owned.close();
    }
    port.postMessage({ id: request.id, rows: [] } satisfies EmbeddedMessage);
    if ("close" in request) port.close();
  });
  port.postMessage({ ready: true } satisfies EmbeddedMessage);
}

if (parentPort !== null) await serve(parentPort, workerData as EmbeddedThreadData);
