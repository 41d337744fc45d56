import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type DatabaseServer, databaseFolder, serveDatabase } from "./database-server.ts";
import { findProgram, freePort, unprivilegedUser } from "./program.ts";

const run = promisify(execFile);

/** The command that installs what `startMariadb` needs. */
export const mariadbInstall: string = "apt-get install mariadb-server";

/** The server's program. */
export function findMariadb(): string | undefined {
  return findProgram("mariadbd", []);
}

/**
 * Starts a private MariaDB; undefined if none is installed.
 *
 * @param settings - For its command line: `{ "max-connections": "20" }`.
 */
export async function startMariadb(
  settings: Readonly<Record<string, string>> = {},
): Promise<DatabaseServer | undefined> {
  const command = findMariadb();
  const install = findProgram("mariadb-install-db", []);
  if (command === undefined || install === undefined) return undefined;
  const user = unprivilegedUser("mysql");
  const folder = databaseFolder(user);
  const data = join(folder, "data");
  const own = ["--no-defaults", `--datadir=${data}`];
  await run(install, [...own, "--auth-root-authentication-method=normal", "--skip-test-db"], {
    cwd: folder,
    ...user,
  });
  const { stdout } = await run(command, ["--version"]);
  const port = await freePort();
  const places = [`--socket=${join(folder, "socket")}`, `--pid-file=${join(folder, "pid")}`];
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return serveDatabase({
    name: `MariaDB ${/(\d+\.\d+\.\d+)-MariaDB/.exec(stdout)?.[1]}`,
    url: `mysql://root@127.0.0.1:${port}/mysql`,
    folder,
    program: {
      command,
      args: [...own, "--bind-address=127.0.0.1", `--port=${port}`, ...places, ...flags],
      user,
      ready: /ready for connections/,
    },
    signal: "SIGTERM",
  });
}
