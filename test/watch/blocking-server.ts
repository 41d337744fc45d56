import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BlockReport } from "../../src/channels/channels.ts";

/** Within which every report comes, on a machine that does much else, too. */
const MOST_MS = 60_000;

const appFile = fileURLToPath(new URL("./blocking-app.ts", import.meta.url));

const packageSource = `import { pbkdf2Sync } from "node:crypto";
export async function spin(ms) {
  await null;
  const start = performance.now();
  while (performance.now() - start < ms); // spin
}
export function digest(rounds) {
  return pbkdf2Sync("password", "salt", rounds, 64, "sha512"); // digest
}
`;

/** The line of the app that carries a name as its last comment. */
export function markedLine(name: string, source: string = readFileSync(appFile, "utf8")): number {
  const line = source.split("\n").findIndex((text) => text.endsWith(`// ${name}`)) + 1;
  if (line === 0) throw new Error(`no line is marked ${name}`);
  return line;
}

/** The line of the package that carries a name as its last comment. */
export function markedPackageLine(name: string): number {
  return markedLine(name, packageSource);
}

/** The app of operations that block, in a process of its own. */
export class BlockingServer {
  readonly file: string = appFile;
  /** Everything it has reported. */
  readonly reports: BlockReport[] = [];
  /** Emits `report`, `taskMs`, `blocking`, and `live` with what is written while the loop is blocked. */
  readonly events: EventEmitter = new EventEmitter();
  readonly #child: ChildProcess;
  readonly #folder: string;
  #url = "";

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  static async start(
    level: "production" | "development",
    execArgv: readonly string[] = [],
  ): Promise<BlockingServer> {
    const folder = mkdtempSync(join(tmpdir(), "offloop-watch-"));
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const packageFolder = join(folder, "node_modules", "slow-package");
    mkdirSync(packageFolder, { recursive: true });
    writeFileSync(join(packageFolder, "index.mjs"), packageSource);
    const packageUrl = pathToFileURL(join(packageFolder, "index.mjs")).href;
    const child = fork(appFile, [level, fifo, packageUrl], {
      execArgv: ["--conditions=offloop:source", ...execArgv],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    const server = new BlockingServer(child, folder);
    await server.#listen();
    return server;
  }

  async #listen(): Promise<void> {
    const { events, reports } = this;
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes("about to block")) events.emit("blocking");
      if (text.includes("so far")) events.emit("live", text);
    });
    this.#child.on("message", (message: { url?: string; report?: BlockReport; taskMs?: number }) => {
      if (message.report !== undefined) {
        reports.push(message.report);
        events.emit("report", message.report);
      }
      if (message.taskMs !== undefined) events.emit("taskMs", message.taskMs);
    });
    const [hello] = (await once(this.#child, "message")) as [{ url: string }];
    this.#url = hello.url;
  }

  /** The body of a response, as JSON. */
  ask(path: string, agent: Agent = new Agent()): Promise<unknown> {
    return new Promise((resolve, reject) => {
      get(`${this.#url}${path}`, { agent }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve(JSON.parse(text)));
      }).on("error", reject);
    });
  }

  /** Asks, and waits for the report that mentions who must be to blame; a loaded machine may add some of its own. */
  async block(
    path: string,
    guilty: string = `GET ${path}`,
  ): Promise<{ report: BlockReport; answer: unknown }> {
    const found = this.mention(guilty);
    const answer = await this.ask(path);
    return { report: await found, answer };
  }

  /** The next report that mentions it. Rejects when none has come long after any block of this app. */
  async mention(guilty: string): Promise<BlockReport> {
    const first = this.reports.length;
    const signal = AbortSignal.timeout(MOST_MS);
    for (let next = first; ; next++) {
      while (next === this.reports.length)
        await once(this.events, "report", { signal }).catch(() => {
          const others = JSON.stringify(this.reports.slice(first).map(({ culprits }) => culprits));
          throw new Error(`no report mentions ${guilty}; those that came name ${others}`);
        });
      const report = this.reports[next] as BlockReport;
      const mentioned = report.culprits.flatMap(({ operation, candidates }) => [operation, ...candidates]);
      if (mentioned.includes(guilty)) return report;
    }
  }

  async close(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.send("close");
    await exited;
    rmSync(this.#folder, { recursive: true });
  }
}
