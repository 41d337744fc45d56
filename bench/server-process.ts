import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServerReport } from "./servers/report.ts";
import type { ServerSettings } from "./servers/settings.ts";

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** `performance.now()` just before the process was started. */
  readonly spawnedAt: number;
  report(): Promise<ServerReport>;
  stop(): Promise<void>;
}

/** A file of `servers/`: compiled, as it would be deployed, or with its ending as it is. */
export type ServerFile =
  | "node-http"
  | "fastify"
  | "fastify-zod"
  | "fastify-piscina"
  | "fastapi"
  | "offloop"
  | "offloop-zod"
  | "offloop.ts";

/** Starts a server and waits until it listens. */
async function startServer(file: ServerFile, settings: Partial<ServerSettings> = {}): Promise<ServerProcess> {
  const spawnedAt = performance.now();
  const child = fork(pathOf(file), {
    env: { ...process.env, NODE_ENV: "production", BENCH_SETTINGS: JSON.stringify(settings) },
    serialization: "advanced",
  });
  const [{ url }] = (await nextMessage(child, file)) as [{ url: string }];
  return {
    url,
    spawnedAt,
    async report() {
      child.send("report");
      const [report] = await nextMessage(child, file);
      return report as ServerReport;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

function pathOf(file: ServerFile): string {
  const path = file.endsWith(".ts") ? `./servers/${file}` : `../.offloop/bench/${file}.js`;
  return fileURLToPath(new URL(path, import.meta.url));
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

/** Has something done while a server runs; stops it whatever happens. */
export async function withServer<T>(
  file: ServerFile,
  settings: Partial<ServerSettings>,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await startServer(file, settings);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** The same with several, all of the same settings. */
export function withServers<T>(
  files: readonly ServerFile[],
  settings: Partial<ServerSettings>,
  use: (servers: readonly ServerProcess[]) => Promise<T>,
): Promise<T> {
  const [file, ...others] = files;
  if (file === undefined) return use([]);
  return withServer(file, settings, (server) =>
    withServers(others, settings, (servers) => use([server, ...servers])),
  );
}
