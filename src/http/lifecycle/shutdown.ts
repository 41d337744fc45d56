import cluster from "node:cluster";
import { Server as NetServer } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { within } from "../../app/within.ts";
import { nextTurn, wait } from "../../errors/timers.ts";
import { shownNames } from "../../lanes/background.ts";
import type { Lanes } from "../../lanes/lanes.ts";
import type { Connections } from "../connections/connections.ts";
import type { OpenSockets } from "../sockets/open-sockets.ts";
import type { WayOut } from "../way-out.ts";
import type { Started } from "./start.ts";

/** What a server must end when it shuts down. */
export interface Running {
  readonly fastify: FastifyInstance;
  readonly connections: Pick<Connections, "cut">;
  readonly lanes: Lanes;
  readonly wayOut: WayOut;
  readonly sockets: OpenSockets;
  /** Undefined when no task is durable. */
  readonly jobs: { stop(graceMs: number): Promise<void> } | undefined;
}

/**
 * How long whatever was cut off may take to close; it takes longer only where it does not check
 * whether anyone waits for it.
 */
export const CLOSE_MS = 1_000;

/**
 * Makes the function that closes everything once: every call returns the same promise. What fails to close keeps nothing
 * else open: the promise rejects with it at the end.
 *
 * @param closeRest - Closes threads and lifespans once no request and no task is left.
 */
export function createShutdown(
  { fastify, connections, lanes, wayOut, sockets, jobs }: Running,
  graceMs: number,
  log: Logger,
  closeRest: () => Promise<void>,
): (lingerMs?: number) => Promise<void> {
  const shutDown = async (lingerMs: number): Promise<void> => {
    lanes.closing = true;
    const failures: unknown[] = [];
    const note = (error: unknown): void => void failures.push(error);
    if (lingerMs > 0) await linger({ fastify, sockets }, Math.min(lingerMs, graceMs));
    const worked = jobs?.stop(graceMs).catch(note);
    const unplugged = fastify.close().then(() => {}, note);
    const ended = unplugged.then(() => sockets.closed()).then(() => answered(lanes));
    const finished = ended.then(() => lanes.background.drained());
    if (!(await within(graceMs, finished))) logAbandoned(lanes, graceMs, log);
    lanes.background.abandon();
    sockets.cut();
    connections.cut();
    // What runs until now may still open something, and learns only now that nobody waits for it.
    const closed = ended.then(() => wayOut.closed());
    await within(CLOSE_MS, closed);
    await worked;
    await closeRest();
    if (failures.length > 0) throw failures[0];
  };
  let closing: Promise<void> | undefined;
  return (lingerMs = 0) => {
    closing ??= shutDown(lingerMs);
    return closing;
  };
}

/**
 * Resolves when the requests so far are done: answered, their streams sent, their background tasks run, and what they
 * had open closed.
 */
export async function settled({ lanes, wayOut }: Pick<Running, "lanes" | "wayOut">): Promise<void> {
  await answered(lanes);
  await wayOut.closed();
  await lanes.background.drained();
}

/** Resolves when no operation runs, also for clients that have gone, and what each has left to do has begun. */
async function answered({ operations }: Lanes): Promise<void> {
  await Promise.all(operations.map((operation) => operation.answered()));
  await nextTurn();
}

/** How often to check whether anybody could still send a request. */
const LOOK_MS = 50;

/**
 * Accepts no more connections, but answers requests on the open ones, each with its last response: closing a connection
 * while its client writes to it would lose that request. Ends early when only sockets are left.
 */
async function linger(
  { fastify: { server }, sockets }: Pick<Running, "fastify" | "sockets">,
  ms: number,
): Promise<void> {
  NetServer.prototype.close.call(server); // node:http's own would close idle connections
  const end = performance.now() + ms;
  while (performance.now() < end && (await countConnections(server)) > sockets.size) await wait(LOOK_MS);
}

function countConnections(server: NetServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count ?? 0)));
}

/**
 * Signals that follow each other this closely count as one: `timeout` and some supervisors send a signal to a process
 * and to its group.
 */
const REPEATED_MS = 100;

/** @param at - When the first signal came, from `performance.now()`. */
export function isRepeated(at: number): boolean {
  return performance.now() - at < REPEATED_MS;
}

/** How a process that belongs to the server ends. */
export interface OwnProcess {
  /** Shuts down as on a first signal. */
  end(why: string, signal?: NodeJS.Signals): void;
  /** Takes that something could not be closed, which the log has: once the process ends, its exit code says so. */
  noteUnclosed(): void;
  /** Stops handling the signals. */
  letSignalsBe(): void;
}

/**
 * Closes on SIGINT, SIGTERM and SIGHUP, then ends the process, with code 0 if everything could be closed; a second SIGINT
 * or SIGTERM ends it at once.
 */
export function closeOnSignals(closing: Started, log: Logger): OwnProcess {
  let signalledAt: number | undefined;
  let isEnding = false;
  let isUnclosed = false;
  const end: OwnProcess["end"] = (why, signal = "SIGTERM") => {
    if (isEnding) return;
    isEnding = true;
    log.info(`${why}: shutting down`);
    closing.close().then(
      () => exit(log, closing.threadsLeft(), { signal, isUnclosed }),
      (error: unknown) => {
        log.error({ err: error }, "shutting down failed");
        process.exit(1);
      },
    );
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // A process that was asked to end without a signal has not received one yet.
    signalledAt ??= performance.now();
    if (!isEnding) return void end(signal, signal);
    if (isRepeated(signalledAt)) return;
    log.warn(`${signal} again: exiting now`);
    endBy(signal);
  };
  // The terminal is gone, of which the shell and the kernel may both tell: that asks for no hurry.
  const onHangUp = (signal: NodeJS.Signals): void => end(signal, signal);
  // Ctrl-C and a lost terminal reach every process of a group, including workers, which their primary ends or restarts.
  const unlessWorker = (listener: NodeJS.SignalsListener) => (cluster.isWorker ? leaveAlone : listener);
  const heard: [NodeJS.Signals, NodeJS.SignalsListener][] = [
    ["SIGINT", unlessWorker(onSignal)],
    ["SIGTERM", onSignal],
    ["SIGHUP", unlessWorker(onHangUp)],
    ["SIGUSR2", leaveAlone], // by default it would end the process
  ];
  for (const [signal, listener] of heard) process.on(signal, listener);
  const letSignalsBe = (): void => {
    if (isEnding) return; // by a signal: one that came before the process ends would end it another way
    for (const [signal, listener] of heard) process.off(signal, listener);
  };
  const noteUnclosed = (): void => {
    isUnclosed ||= isEnding; // a thread may leave earlier
  };
  return { end, noteUnclosed, letSignalsBe };
}

function exit(
  log: Logger,
  threadsLeft: number,
  { signal, isUnclosed }: { readonly signal: NodeJS.Signals; readonly isUnclosed: boolean },
): void {
  if (threadsLeft > 0) {
    log.error(`ending with ${signal}: ${threadsLeft} threads are inside native calls that nothing can end`);
    return void endBy(signal);
  }
  if (isUnclosed) log.error("shut down, but not everything could be closed");
  else log.info("shut down");
  process.exit(isUnclosed ? 1 : 0);
}

function leaveAlone(): void {}

/** Ends the process by the signal itself, since `process.exit` waits for threads inside native calls. */
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
  for (const { request, operation, tasks } of lanes.background.unfinished()) {
    const names = shownNames(tasks);
    const what =
      tasks.length === 0
        ? `dependencies of ${operation}: not closed`
        : `background tasks of ${operation}: ${names.join(", ")} not finished`;
    log.error({ reqId: request, operation, tasks: names }, `abandoned ${what} within ${graceMs} ms`);
  }
}
