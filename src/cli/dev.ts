import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import inspector from "node:inspector";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { resolveSettings } from "../app/settings/settings.ts";
import { type ErrorCode, localPath } from "../errors/offloop-error.ts";
import { ownEntry } from "../errors/own-code.ts";
import { createLogger } from "../http/logs/logger.ts";
import { parseTarget } from "./declared-app.ts";
import type { DevNews, DevProcessOptions, ServedApp } from "./dev-process.ts";
import { FileChanges, type LoadedFile } from "./file-changes.ts";
import { checkedLevel, type Serving, settingsOf } from "./serving.ts";
import { ownVersion } from "./versions.ts";

/** Options of `offloop dev`. */
interface DevOptions extends Serving {
  /** Where a debugger may attach; true for Node's own address. */
  readonly inspect?: string | true;
}

/** `offloop dev`: serves the app in a process of its own, which is replaced when one of the app's files changes. */
export async function dev(module: string, options: DevOptions): Promise<void> {
  const logLevel = checkedLevel(options.logLevel);
  // Mistakes in the command line are reported here: no change to a file fixes them.
  resolveSettings(settingsOf(options));
  // If started with Node's --inspect, this process occupies the port on which the debugger looks for the app.
  if (inspector.url() !== undefined) inspector.close();
  const app = new ReloadedApp({ ...options, module, logLevel }, createLogger(logLevel, true));
  const onSignal = (signal: NodeJS.Signals): void => app.end(signal);
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  app.start();
}

/** Longer than the grace period of the process: one whose loop is blocked does not notice a signal. */
const KILL_AFTER_MS = 4_000;

/** As the first error, each of these means that the command line is wrong, which no change to a file fixes. */
const mistakesOfCommand: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>([
  "OFFLOOP_MODULE_NOT_FOUND",
  "OFFLOOP_PORT_UNAVAILABLE",
]);

/** What the process is started with, and where a debugger may attach to it. */
type ReloadedOptions = DevProcessOptions & Pick<DevOptions, "inspect">;

function inspectArguments(inspect: ReloadedOptions["inspect"]): string[] {
  if (inspect === undefined) return [];
  return [inspect === true ? "--inspect" : `--inspect=${inspect}`];
}

/**
 * An app in a process of its own, which is ended and started again when one of its files changes. If it cannot start,
 * it waits for the next change.
 */
class ReloadedApp {
  readonly #options: ReloadedOptions;
  readonly #log: Logger;
  readonly #changes: FileChanges = new FileChanges(
    (file) => this.#onChange(file),
    (folder, { message }) =>
      this.#log.warn(
        `changes in ${localPath(folder)} are not seen: ${message}. On Linux, raise fs.inotify.max_user_watches or max_user_instances`,
      ),
  );
  #port: number;
  #child: ChildProcess | undefined;
  /** The files of the running process. */
  #files = new Set<string>();
  #startedAt = 0;
  #hasServed = false;
  #isReloading = false;
  #isEnding = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(options: ReloadedOptions, log: Logger) {
    this.#options = options;
    this.#port = options.port;
    this.#log = log;
  }

  /** Starts the process; call this only when none is running. */
  start(): void {
    const entry = ownEntry("cli/dev-process");
    const { inspect, ...options } = this.#options;
    const child = fork(entry, [JSON.stringify({ ...options, port: this.#port })], {
      execArgv: [...process.execArgv, ...inspectArguments(inspect)],
    });
    this.#child = child;
    this.#files = new Set([fileURLToPath(parseTarget(this.#options.module).url)]);
    this.#startedAt = performance.now();
    let failed: ErrorCode | undefined;
    child.on("message", (news: DevNews) => {
      if ("loaded" in news) this.#watch(news.loaded);
      else if ("served" in news) this.#onServed(news.served);
      else failed = news.failed;
    });
    // Its last message may arrive after its end. A process that cannot be started at all emits an error instead.
    const end = (): void => this.#onEnded(child, failed);
    Promise.all([once(child, "exit"), once(child, "disconnect")]).then(end, end);
  }

  /** Ends the process, then this one with code 0; called again, it does not wait for what is in progress. */
  end(signal: NodeJS.Signals): void {
    if (this.#child === undefined) process.exit(0);
    if (this.#isEnding) return void this.#child.kill("SIGKILL");
    this.#isEnding = true;
    this.#log.info(`${signal}: shutting down`);
    this.#stop(this.#child);
  }

  #watch(loaded: LoadedFile): void {
    this.#files.add(loaded.file);
    this.#changes.add(loaded);
  }

  #onServed(served: ServedApp): void {
    this.#port = served.port;
    this.#changes.keep(this.#files);
    const ms = Math.round(performance.now() - this.#startedAt);
    if (this.#hasServed) this.#log.info(`reloaded in ${ms} ms`);
    else process.stdout.write(linksText(served));
    this.#hasServed = true;
  }

  #onChange(file: string): void {
    if (this.#isEnding) return;
    this.#log.info(`${localPath(file)} changed: reloading`);
    if (this.#child === undefined) this.start();
    else if (!this.#isReloading) {
      this.#isReloading = true;
      this.#stop(this.#child);
    }
  }

  #stop(child: ChildProcess): void {
    child.kill("SIGTERM");
    this.#killTimer = setTimeout(() => {
      this.#log.warn(`the app did not end within ${KILL_AFTER_MS} ms and is killed`);
      child.kill("SIGKILL");
    }, KILL_AFTER_MS);
  }

  #onEnded({ exitCode, signalCode }: ChildProcess, failed: ErrorCode | undefined): void {
    this.#child = undefined;
    clearTimeout(this.#killTimer);
    if (this.#isEnding) process.exit(0);
    if (!this.#hasServed && mistakesOfCommand.has(failed)) process.exit(1);
    if (this.#isReloading) {
      this.#isReloading = false;
      this.start();
    } else {
      const how = signalCode ?? `code ${exitCode}`;
      this.#log.warn(`the app has ended (${how}) and starts again when one of its files changes`);
    }
  }
}

function linksText({ name, url, docsUrl, redocUrl, inspectorUrl }: ServedApp): string {
  const links = { app: url, docs: docsUrl, redoc: redocUrl, inspector: inspectorUrl };
  const lines = Object.entries(links).flatMap(([label, link]) =>
    link === undefined ? [] : `  ${label.padEnd(10)} ${link}\n`,
  );
  return `offloop ${ownVersion} serves ${name}\n${lines.join("")}  reloads when one of its files changes; Ctrl-C ends it\n`;
}
