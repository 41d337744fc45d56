import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Question, ServerReport } from "./servers/report.ts";
import type { ServerSettings } from "./servers/settings.ts";
import { thisTree } from "./tree.ts";

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** The process that answers the requests. */
  readonly pid: number;
  /** `performance.now()` just before the process was started. */
  readonly spawnedAt: number;
  report(): Promise<ServerReport>;
  /** User and system time of all its threads since it started, in microseconds. */
  cpuMicros(): Promise<number>;
  stop(): Promise<void>;
}

/** A file of `servers/`: compiled, as it would be deployed, or with its own extension. */
export type ServerFile =
  | "node-http"
  | "fastify"
  | "fastify-zod"
  | "fastify-piscina"
  | "fastapi"
  | "offloop"
  | "offloop-zod"
  | "offloop.ts"
  | "sockets-fastify"
  | "sockets-offloop"
  | "workers"
  | `peers/${PeerFile}`;

/** The same routes in each framework. */
type PeerFile =
  | "node-http"
  | "fastify"
  | "fastify-piscina"
  | "hono"
  | "nest"
  | "express"
  | "fastapi"
  | "offloop"
  | "offloop-jobs";

/** Which server, and how it is set up. */
export interface ServerPlan {
  readonly file: ServerFile;
  readonly settings?: Partial<ServerSettings>;
  /** The folder of the tree whose offloop it runs. Default: this tree. */
  readonly root?: string;
  /** Whether its memory is measured: V8 reserves little for garbage, and collects it before each report. */
  readonly measuresMemory?: boolean;
}

/** Starts a server and waits until it listens. */
async function startServer(plan: ServerPlan): Promise<ServerProcess> {
  const spawnedAt = performance.now();
  const log = plan.settings?.log === true ? openLog() : undefined;
  const child = fork(pathOf(plan), {
    env: { ...process.env, NODE_ENV: "production", BENCH_SETTINGS: JSON.stringify(plan.settings ?? {}) },
    serialization: "advanced",
    stdio: ["inherit", log ?? "inherit", "inherit", "ipc"],
    ...(plan.measuresMemory === true && { execArgv: ["--expose-gc", "--max-semi-space-size=1"] }),
  });
  if (log !== undefined) closeSync(log);
  const next = async (): Promise<unknown> => (await nextMessage(child, plan.file))[0];
  const ask = (question: Question): Promise<unknown> => {
    child.send(question);
    return next();
  };
  const { url, pid } = (await next()) as { url: string; pid: number };
  return {
    url,
    pid,
    spawnedAt,
    report: async () => (await ask("report")) as ServerReport,
    cpuMicros: async () => (await ask("cpu")) as number,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Opens a file that is gone as soon as nobody writes to it. */
function openLog(): number {
  const folder = mkdtempSync(join(tmpdir(), "offloop-bench-"));
  const log = openSync(join(folder, "log"), "a");
  rmSync(folder, { recursive: true });
  return log;
}

function pathOf({ file, root = thisTree }: ServerPlan): string {
  if (file.endsWith(".ts")) return join(root, "bench", "servers", file);
  return join(root, ".offloop", "bench", `${file}.js`);
}

async function nextMessage(child: ChildProcess, file: ServerFile): Promise<unknown[]> {
  const stop = new AbortController();
  const { signal } = stop;
  try {
    const ended = once(child, "exit", { signal }).then(([code]) => {
      throw new Error(`the server ${file} ended with code ${code}`);
    });
    return await Promise.race([once(child, "message", { signal }), ended]);
  } finally {
    stop.abort();
  }
}

/** Runs a function while a server runs; stops the server whatever happens. */
export async function withServer<T>(
  plan: ServerPlan,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await startServer(plan);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** The same with several. */
export function withServers<T>(
  plans: readonly ServerPlan[],
  use: (servers: readonly ServerProcess[]) => Promise<T>,
): Promise<T> {
  const [plan, ...others] = plans;
  if (plan === undefined) return use([]);
  return withServer(plan, (server) => withServers(others, (servers) => use([server, ...servers])));
}
