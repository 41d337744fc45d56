import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Program, type SystemUser, startProgram, stopProgram } from "./program.ts";

/** A private database server, in a temporary folder and on a port of its own. */
export interface DatabaseServer {
  /** `PostgreSQL 15.14`. */
  readonly name: string;
  /** Its URL; the user has no password. */
  readonly url: string;
  /** Breaks every connection and starts again on the same port. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** What makes a program a database server. */
export interface ServedDatabase {
  readonly name: string;
  readonly url: string;
  readonly folder: string;
  readonly program: Program;
  /** Ends it without waiting for its clients. */
  readonly signal: NodeJS.Signals;
}

/** Runs a database whose folder is prepared. */
export async function serveDatabase(served: ServedDatabase): Promise<DatabaseServer> {
  const { name, url, folder, program, signal } = served;
  let child = await startProgram(program);
  return {
    name,
    url,
    restart: async () => {
      await stopProgram(child, signal);
      child = await startProgram(program);
    },
    stop: async () => {
      await stopProgram(child, signal);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An empty folder that the database's user may write to. */
export function databaseFolder(user: SystemUser | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), "offloop-database-"));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}
