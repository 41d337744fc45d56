import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Declared } from "./random-schemas.ts";

/** A question to the server's process. */
export type Question = { readonly id: number } & (
  | { readonly ask: "open"; readonly graceMs?: number | undefined }
  | { readonly ask: "state" | "close"; readonly graceMs?: undefined }
);

/** What a client cannot see of the server. */
export interface State {
  /** What belongs to requests, and, once it is closed, to the server. */
  readonly left: {
    readonly files: readonly string[];
    readonly descriptors: number;
    readonly calls: number;
    readonly threads: number;
    readonly resources: readonly string[];
  };
  /** The longest computation of one turn of the loop since the last question. */
  readonly heldMs: number;
  /** What should never happen, in words. */
  readonly undeclared: readonly string[];
  readonly rss: number;
}

/** How long the process may take to answer a question, including its start, on a busy machine. */
const ANSWER_MS = 60_000;

const MAX_STARTS = 4;

/** Node's compile cache, shared by all processes and threads, since they load the same source. */
const compileCache = join(tmpdir(), "offloop-fuzz-compile-cache");

/** The server's process. A process that has died is replaced, so that a failure can be shrunk. */
export class Subject {
  readonly #schemas: readonly Declared[];
  readonly #folder = mkdtempSync(join(tmpdir(), "offloop-fuzz-"));
  #child: ChildProcess | undefined;
  #url = "";
  #asked = 0;
  #stderr = "";

  constructor(schemas: readonly Declared[]) {
    this.#schemas = schemas;
  }

  get url(): string {
    return this.#url;
  }

  /** Why it no longer exists; undefined while it does. */
  get death(): string | undefined {
    const child = this.#child;
    if (child === undefined || (child.exitCode === null && child.signalCode === null)) return undefined;
    return `the process ended (${child.signalCode ?? child.exitCode}): ${this.#stderr.slice(-2_000)}`;
  }

  /** Opens the server if it is not open, in a new process if there is none. */
  async open(graceMs?: number): Promise<void> {
    if (this.death !== undefined) this.#child = undefined;
    if (this.#child === undefined) await this.#start();
    if (this.#url === "") this.#url = await this.#open(graceMs);
  }

  /** On a busy machine, starting a thread may take longer than a server waits for it. */
  async #open(graceMs: number | undefined): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#ask({ ask: "open", graceMs })) as string;
      } catch (error) {
        if (attempt === MAX_STARTS || !/has not loaded the app after/.test(String(error))) throw error;
      }
    }
  }

  async state(): Promise<State> {
    return (await this.#ask({ ask: "state" })) as State;
  }

  async close(): Promise<void> {
    this.#url = "";
    await this.#ask({ ask: "close" });
  }

  /** Ends the process, in whatever state it is. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && this.death === undefined) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    this.#url = "";
    this.#stderr = "";
    const folder = join(this.#folder, `${this.#asked}`);
    mkdirSync(folder);
    const child = fork(fileURLToPath(new URL("./server.ts", import.meta.url)), {
      execArgv: ["--conditions=offloop:source"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: {
        NODE_COMPILE_CACHE: compileCache,
        ...process.env,
        TMPDIR: folder,
        FUZZ_SCHEMAS: JSON.stringify(this.#schemas),
      },
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-10_000);
    });
    this.#child = child;
    await this.#ask({ ask: "state" });
  }

  #ask(question: { ask: Question["ask"]; graceMs?: number | undefined }): Promise<unknown> {
    const child = this.#child as ChildProcess;
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        child.off("message", hear).off("exit", die);
      };
      const hear = (said: { id: number; answer?: unknown; error?: string }): void => {
        if (said.id !== id) return;
        end();
        if (said.error === undefined) resolve(said.answer);
        else reject(new Error(said.error));
      };
      const die = (): void => {
        end();
        reject(new Error(this.death));
      };
      const timer = setTimeout(() => {
        end();
        child.kill("SIGKILL");
        reject(new Error(`"${question.ask}" was not answered within ${ANSWER_MS} ms`));
      }, ANSWER_MS);
      child.on("message", hear).on("exit", die);
      if (child.connected) child.send({ ...question, id }, () => {});
      else die();
    });
  }
}
