import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** The user that a program runs as. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** A program that runs in the foreground until it is told to stop. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly user: SystemUser | undefined;
  /** The log line that says that it accepts connections. */
  readonly ready: RegExp;
}

/** Starts a program and waits until it reports that it is ready. It ends with this process at the latest. */
export async function startProgram({ command, args, user, ready }: Program): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], ...user });
  const kill = (): unknown => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("close", () => process.off("exit", kill));
  const said: string[] = [];
  const lines = createInterface(child.stderr as Readable);
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error(`${command} ended before it was ready:\n${said.join("\n")}`)));
    lines.on("line", (line) => {
      said.push(line);
      if (ready.test(line)) resolve();
    });
  });
  return child;
}

/** Ends a program with a signal, and waits until it has ended. */
export async function stopProgram(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
}

/** The path of an installed program: in the folders given, or on the PATH. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  const all = [...folders, ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  return all.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Database servers refuse to run as root: if this process is root, the user that the package created for them. */
export function unprivilegedUser(name: string): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}
