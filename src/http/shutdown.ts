import cluster from "node:cluster";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { within } from "../app/within.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { OpenSockets } from "./sockets/open-sockets.ts";
import type { WayOut } from "./way-out.ts";

/** What a server that shuts down has to end. */
export interface Running {
  readonly fastify: FastifyInstance;
  readonly lanes: Lanes;
  readonly wayOut: WayOut;
  readonly sockets: OpenSockets;
  /** Undefined when no task is durable. */
  readonly jobs: { stop(graceMs: number): Promise<void> } | undefined;
}

/** What was cut off may take so long to close; longer only where it does not look whether anyone waits for it. */
const CLOSE_MS = 1_000;

/**
 * Makes the function that closes everything, once: however often it is called, it gives the same promise.
 *
 * @param closeRest - Closes threads and lifespans, when no request and no task is left.
 */
export function createShutdown(
  { fastify, lanes, wayOut, sockets, jobs }: Running,
  graceMs: number,
  log: Logger,
  closeRest: () => Promise<void>,
): () => Promise<void> {
  const shutDown = async (): Promise<void> => {
    lanes.closing = true;
    const worked = jobs?.stop(graceMs);
    const ended = fastify.close().then(() => sockets.closed());
    const finished = ended.then(() => lanes.background.drained());
    if (!(await within(graceMs, finished))) logAbandoned(lanes, graceMs, log);
    lanes.background.abandon();
    fastify.server.closeAllConnections();
    sockets.cut();
    await within(CLOSE_MS, wayOut.closed());
    await worked;
    await closeRest();
  };
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= shutDown();
    return closing;
  };
}

/**
 * Closes on SIGINT and SIGTERM, then ends the process with code 0; a second signal ends it at once.
 *
 * @param threadsLeft - How many threads could not be ended.
 * @returns Lets the signals be again.
 */
export function closeOnSignals(
  close: () => Promise<void>,
  log: Logger,
  threadsLeft: () => number,
): () => void {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked) {
      log.warn(`${signal} again: exiting now`);
      endBy(signal);
    }
    asked = true;
    log.info(`${signal}: shutting down`);
    close().then(
      () => {
        const left = threadsLeft();
        if (left > 0) {
          log.error(`ending with ${signal}: ${left} threads are inside native calls that nothing can end`);
          return endBy(signal);
        }
        log.info("shut down");
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, "shutting down failed");
        process.exit(1);
      },
    );
  };
  // Ctrl-C reaches every process of the terminal's group, also workers, which their primary ends with SIGTERM.
  const onInterrupt = cluster.isWorker ? (): void => {} : onSignal;
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onSignal);
  return () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onSignal);
  };
}

/** Ends the process by the signal itself: `process.exit` waits for threads inside native calls. */
function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function logAbandoned(lanes: Lanes, graceMs: number, log: Logger): void {
  for (const { declaration, running } of lanes.operations) {
    if (running > 0)
      log.error(
        { operation: declaration.id, requests: running },
        `abandoned ${running} of ${declaration.id}: not finished within ${graceMs} ms`,
      );
  }
  for (const { declaration, running } of lanes.sockets) {
    if (running > 0)
      log.error(
        { operation: declaration.connection.id, sockets: running },
        `abandoned ${running} sockets of ${declaration.connection.id}: not closed within ${graceMs} ms`,
      );
  }
  for (const { request, tasks } of lanes.background.unfinished()) {
    log.error(
      { reqId: request, tasks },
      `abandoned background tasks of ${request}: ${tasks.join(", ")} not finished within ${graceMs} ms`,
    );
  }
}
