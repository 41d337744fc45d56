import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../servers/free-port.ts";

const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const app = fileURLToPath(new URL("./app.ts", import.meta.url));

const WORKERS = 2;
const LOOK_MS = 50;

/** `offloop run --workers 2`, with everything that its primary reports. */
export class WatchedServer implements AsyncDisposable {
  /** Where the app answers. */
  readonly url: string;
  /** Where the primary answers probes and metrics. */
  readonly operator: string;
  readonly #child: ChildProcess;
  /** Lines of level error, and anything that is not a log line. */
  readonly #complaints: string[];

  private constructor(child: ChildProcess, urls: { url: string; operator: string }, complaints: string[]) {
    this.#child = child;
    this.#complaints = complaints;
    this.url = urls.url;
    this.operator = urls.operator;
  }

  /** Starts it. Resolves when all workers are ready. */
  static async start(): Promise<WatchedServer> {
    const args = [
      "run",
      app,
      "--port",
      String(await freePort()),
      "--no-access-log",
      "--workers",
      `${WORKERS}`,
    ];
    const child = spawn(process.execPath, ["--conditions=offloop:source", cli, ...args], {
      stdio: ["ignore", "pipe", "ignore"], // there the watchdog says the same as in the log
    });
    process.once("exit", () => child.kill());
    const complaints: string[] = [];
    const lines = createInterface({ input: child.stdout });
    const server = await new Promise<WatchedServer>((resolve, reject) => {
      let operator = "";
      lines.on("line", (line) => {
        const { level, msg } = readLine(line);
        if (level >= 50) complaints.push(msg);
        operator ||= /health at (\S+)/.exec(msg)?.[1] ?? "";
        const url = /listens on (\S+)/.exec(msg)?.[1];
        if (url !== undefined && operator !== "")
          resolve(new WatchedServer(child, { url, operator }, complaints));
      });
      child.once("exit", (code) =>
        reject(new Error(`offloop run ended with ${code}: ${complaints.join("\n")}`)),
      );
    });
    await server.whenSettled();
    return server;
  }

  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** The processes of the workers, oldest first. Linux only. */
  get workers(): number[] {
    const { pid } = this.#child;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  }

  /** Restarts all workers. Resolves when the old ones have gone. */
  async roll(): Promise<void> {
    const before = await this.metric('offloop_worker_restarts_total{reason="reload"}');
    this.#child.kill("SIGHUP");
    while ((await this.metric('offloop_worker_restarts_total{reason="reload"}')) < before + WORKERS)
      await wait(LOOK_MS);
    await this.whenSettled();
  }

  /** Resolves when there are as many workers as there should be, all of them ready. */
  async whenSettled(): Promise<void> {
    for (;;) {
      const [ready, leaving] = await Promise.all(
        ["ready", "leaving"].map((state) => this.metric(`offloop_workers{state="${state}"}`)),
      );
      if (ready === WORKERS && leaving === 0) return;
      await wait(LOOK_MS);
    }
  }

  /** The current value of a metric, by the name and labels of its line. */
  async metric(line: string): Promise<number> {
    const text = await (await fetch(`${this.operator}/metrics`)).text();
    const found = text.split("\n").find((one) => one.startsWith(`${line} `));
    return Number(found?.slice(line.length + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}

function readLine(line: string): { level: number; msg: string } {
  try {
    return JSON.parse(line) as { level: number; msg: string };
  } catch {
    return { level: 50, msg: line };
  }
}
