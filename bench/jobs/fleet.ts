import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Job, JobAttempt } from "offloop";

const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** A process of offloop that is ready. */
export interface Started {
  readonly child: ChildProcess;
  /** Empty if it does not serve. */
  readonly url: string;
}

/** A job with its attempts. */
export interface Inspected {
  readonly job: Job | null;
  readonly attempts: readonly JobAttempt[];
}

/** What the processes of a fleet run. */
export interface FleetOptions {
  /** The app's module, next to this one. */
  readonly app?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The processes of one run, in a folder of their own. What they did is recorded there, outside any database. */
export class Fleet implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "offloop-jobs-"));
  readonly #effects = join(this.#folder, "effects");
  readonly #children = new Set<ChildProcess>();
  readonly #app: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor({ app = "app.ts", env = {} }: FleetOptions = {}) {
    this.#app = fileURLToPath(new URL(`./${app}`, import.meta.url));
    this.#env = env;
  }

  /** Serves and works. */
  serve(databaseUrl?: string): Promise<Started> {
    return this.#start(["run", this.#app, "--port", "0", "--no-access-log"], databaseUrl);
  }

  /** Serves only. */
  serveOnly(databaseUrl: string): Promise<Started> {
    return this.#start(["run", this.#app, "--port", "0", "--no-access-log", "--no-work"], databaseUrl);
  }

  /** Works only. */
  work(databaseUrl: string): Promise<Started> {
    return this.#start(["work", this.#app], databaseUrl);
  }

  async #start(args: readonly string[], databaseUrl: string | undefined): Promise<Started> {
    const { DATABASE_URL: _, ...inherited } = process.env;
    const env = { ...inherited, ...this.#env, EFFECTS: this.#effects };
    const child = spawn(process.execPath, ["--conditions=offloop:source", cli, ...args], {
      cwd: this.#folder,
      env: databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    for await (const line of createInterface(child.stdout)) {
      const { msg = "" } = JSON.parse(line) as { msg?: string };
      const url = /listens on (\S+)/.exec(msg)?.[1];
      if (url === undefined && !msg.includes("works on")) continue;
      child.stdout.resume();
      return { child, url: url ?? "" };
    }
    throw new Error(`offloop ${args[0]} ended before it was ready`);
  }

  /** How often each job has run to its end, by index. */
  effects(): ReadonlyMap<number, number> {
    const lines = readFileSync(this.#effects, { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);
    return new Map([...Map.groupBy(lines, Number)].map(([index, all]) => [index, all.length]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children].map((child) => ended(child, "SIGKILL")));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Ends a process. @returns Its exit code; null when the signal itself ended it. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}

/** Enqueues a job. @returns Its id, once it is stored; undefined when nobody answered. */
export async function enqueue(server: Started, index: number, ms: number): Promise<string | undefined> {
  try {
    const response = await fetch(`${server.url}/enqueue/${index}/${ms}`, { method: "POST" });
    return response.ok ? ((await response.json()) as { id: string }).id : undefined;
  } catch {
    return undefined;
  }
}

export async function inspect(server: Started, id: string): Promise<Inspected> {
  const response = await fetch(`${server.url}/job/${encodeURIComponent(id)}`);
  if (!response.ok) throw new Error(`GET /job answers ${response.status}`);
  return (await response.json()) as Inspected;
}
