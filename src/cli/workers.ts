import cluster, { type Worker } from "node:cluster";
import type { Logger } from "pino";
import { answerWorker, SHARED } from "../metrics/worker-metrics.ts";

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 30_000;
/** A worker that lived this long did not fail to start. */
const SETTLED_MS = 10_000;

/**
 * Runs the command line in this many processes that share the port. One that dies is replaced, after a growing delay
 * when they die young; when the first ones cannot start, all end. SIGTERM and SIGINT shut down all, a second signal
 * ends them at once.
 */
export function runWorkers(count: number, log: Logger): void {
  let delayMs = 0;
  let listened = false;
  let closing = false;

  const start = (): void => {
    const startedAt = performance.now();
    const worker = cluster.fork({ [SHARED]: "1" });
    answerWorker(worker);
    worker.once("listening", () => {
      listened = true;
    });
    worker.once("exit", (code, signal) => {
      if (!closing && listened)
        return replace(worker, signal ?? `code ${code}`, performance.now() - startedAt);
      if (!closing) close(code ?? 1);
      if (living().length === 0) process.exit();
    });
  };

  const replace = (worker: Worker, why: string, livedMs: number): void => {
    delayMs = livedMs >= SETTLED_MS ? 0 : Math.min(LAST_DELAY_MS, Math.max(FIRST_DELAY_MS, delayMs * 2));
    const { pid } = worker.process;
    log.error({ worker: pid, delayMs }, `worker ${pid} died (${why}); starting another in ${delayMs} ms`);
    setTimeout(() => closing || start(), delayMs);
  };

  const close = (code: number): void => {
    closing = true;
    process.exitCode = code;
    for (const worker of living()) worker.process.kill("SIGTERM");
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    if (closing) {
      for (const worker of living()) worker.process.kill("SIGKILL");
      return;
    }
    log.info(`${signal}: shutting down ${living().length} workers`);
    close(0);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  for (let n = 0; n < count; n++) start();
}

function living(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter(
    (worker): worker is Worker => worker?.isDead() === false,
  );
}
