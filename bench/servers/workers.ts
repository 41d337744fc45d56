import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { type ListenOptions, Server } from "node:net";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { readProcessCpu } from "./process-cpu.ts";
import { announce } from "./report.ts";
import { settings } from "./settings.ts";

const KIB = 1_024;
/** Sent by each worker that answers. */
const LISTENING = "listening";
const cli = new URL("./cli/main.js", import.meta.resolve("offloop")).href;

function pids(): number[] {
  const workers = Object.values(cluster.workers ?? {});
  return [process.pid, ...workers.flatMap((worker) => worker?.process.pid ?? [])];
}

/** Memory of all processes, with shared parts counted once. */
function readMemory(): number {
  return pids()
    .map((pid) => /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1])
    .reduce((sum, kib) => sum + Number(kib) * KIB, 0);
}

/** `offloop run` itself: its primary is this process, and its workers end with it, however it ends. */
async function startPrimary(): Promise<void> {
  const port = await freePort();
  const app = fileURLToPath(new URL("./workers-app.js", import.meta.url));
  const workers = settings.workers === 0 ? [] : ["--workers", String(settings.workers)];
  const quiet = ["--no-access-log", "--log-level", "silent"];
  process.argv.splice(2, process.argv.length, "run", app, "--port", String(port), ...quiet, ...workers);
  let listening = 0;
  cluster.on("message", (_worker, message) => {
    if (message === LISTENING) listening++;
  });
  await import(cli);
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true && listening >= settings.workers) break;
  }
  const primaryMicros = (): number => readProcessCpu(process.pid);
  announce(url, () => ({ threads: 0, pssBytes: readMemory(), primaryMicros: primaryMicros() }), {
    pid: process.pid,
    cpuMicros: () => pids().reduce((sum, pid) => sum + readProcessCpu(pid), 0),
  });
}

/** What offloop does not do: each worker listens separately, and the kernel distributes connections. */
function listenBesideOthers(): void {
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, options: ListenOptions, ...rest: never[]): Server {
    return listen.call(this, { ...options, reusePort: true }, ...rest) as Server;
  } as Server["listen"];
}

if (cluster.isPrimary) await startPrimary();
else {
  if (settings.reusePort) listenBesideOthers();
  await import(cli);
  process.send?.(LISTENING);
}
