import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type DatabaseServer, databaseFolder, serveDatabase } from "./database-server.ts";
import { findProgram, freePort, unprivilegedUser } from "./program.ts";

const run = promisify(execFile);

/** The command that installs what `startPostgres` needs. */
export const postgresInstall: string = "apt-get install postgresql";

/** The server's program: Debian puts each version's into a folder of its own, which is not on the PATH. */
export function findPostgres(): string | undefined {
  return findProgram("postgres", globSync("/usr/lib/postgresql/*/bin").sort().reverse());
}

/**
 * Starts a private PostgreSQL; undefined if none is installed.
 *
 * @param settings - For `postgresql.conf`: `{ max_connections: "20" }`.
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<DatabaseServer | undefined> {
  const command = findPostgres();
  if (command === undefined) return undefined;
  const user = unprivilegedUser("postgres");
  const folder = databaseFolder(user);
  const data = join(folder, "data");
  const initdb = join(dirname(command), "initdb");
  await run(initdb, ["-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"], {
    cwd: folder,
    ...user,
  });
  const { stdout } = await run(command, ["--version"]);
  const port = await freePort();
  const all = { listen_addresses: "127.0.0.1", fsync: "off", logging_collector: "off", ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return serveDatabase({
    name: `PostgreSQL ${/\d+(\.\d+)*/.exec(stdout)?.[0]}`,
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    folder,
    program: {
      command,
      args: ["-D", data, "-k", folder, "-p", String(port), ...flags],
      user,
      ready: /database system is ready to accept connections/,
    },
    signal: "SIGINT",
  });
}
