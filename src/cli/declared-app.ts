import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { App } from "../app/app.ts";
import type { Lane } from "../app/lane.ts";
import { type AppTarget, loadApp, whenServed } from "../app/load.ts";
import { callerLocation } from "../app/location.ts";
import { servedOperations, servedSockets, servedTaskDeclarations } from "../app/parts.ts";
import { resolveSettings } from "../app/settings.ts";
import { counted } from "../errors/counted.ts";
import { formatLocation, localPath, OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { createDocument } from "../openapi/document.ts";
import { keepStdoutForData, printData } from "./data-output.ts";

interface Declared {
  readonly app: App;
  /** Where the module itself serves an app. */
  readonly servedAt?: SourceLocation;
}

/**
 * Loads an app for a command that serves it.
 *
 * @throws {OffloopError} What `loadApp` throws, and `OFFLOOP_SERVES_ITSELF`.
 */
export async function loadToServe(target: AppTarget): Promise<App> {
  const { app, servedAt } = await loadModule(target);
  if (servedAt !== undefined) throw servesItself(target, app, servedAt);
  return app;
}

/**
 * Loads an app for a command that only reads it: if its module serves it, that does not happen. What it writes to stdout
 * goes to stderr.
 */
export async function loadToRead(target: AppTarget): Promise<App> {
  keepStdoutForData();
  const { app, servedAt } = await loadModule(target);
  // Code after `await serve(app)` does not run, so the requested export may never appear.
  if (servedAt !== undefined && target.exportName !== undefined) throw servesItself(target, app, servedAt);
  return app;
}

async function loadModule(target: AppTarget): Promise<Declared> {
  const served = new Promise<Declared>((resolve) =>
    whenServed((app) => resolve({ app, servedAt: callerLocation() })),
  );
  try {
    return await Promise.race([served, loadApp(target).then((app) => ({ app }))]);
  } finally {
    whenServed(undefined);
  }
}

function servesItself({ url }: AppTarget, app: App, at: SourceLocation): OffloopError {
  const file = localPath(fileURLToPath(url));
  const home = localPath(app.location.file);
  const instead =
    home === file
      ? "move serve() to a file of its own that imports the app"
      : `name the module of the app: ${home}`;
  return new OffloopError("OFFLOOP_SERVES_ITSELF", `Cannot load "${file}": it calls serve() itself`, {
    at,
    fix: `start it with "node ${file}", or ${instead}`,
  });
}

/**
 * Reads `app.ts` or `app.ts:export`. The colon of a drive letter does not count as a separator.
 *
 * A link is followed here, once: the threads of a process load what it has loaded, while the next process may find that
 * the link leads to a new release.
 */
export function parseTarget(text: string): AppTarget {
  const match = /^(.+):([\w$]+)$/.exec(text);
  const [file, exportName] =
    match?.[1] !== undefined && match[1].length > 1 ? [match[1], match[2]] : [text, undefined];
  return { url: pathToFileURL(withoutLinks(resolve(file))).href, exportName };
}

function withoutLinks(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file; // loading it says what is wrong
  }
}

/** Options of `offloop routes`. */
interface RoutesOptions {
  readonly json?: boolean;
  readonly lane?: Lane;
}

/** What answers at a path, or runs as a task. */
interface Row {
  /** The method of an operation; `WEBSOCKET` or `TASK` for what has none. */
  readonly method: string;
  /** The path, or the name of a task. */
  readonly path: string;
  /** For a websocket, the lane of its messages. */
  readonly lane: Lane;
  readonly tags: readonly string[];
  readonly source: string;
}

/** `offloop routes`: prints the lane and source location of every operation, websocket and task. */
export async function routes(module: string, { json = false, lane }: RoutesOptions): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  await checkServable(app);
  const all = rowsOf(app);
  const rows = lane === undefined ? all : all.filter((row) => row.lane === lane);
  const text = json ? `${JSON.stringify(rows, null, 2)}\n` : `${table(rows)}${count(rows, all)}\n`;
  // Whatever the module opened while it loaded would keep the listing alive.
  printData(text, () => process.exit(0));
}

/** Refuses what could not be served. */
async function checkServable(app: App): Promise<void> {
  resolveSettings(app.settings);
  const tasks = servedTaskDeclarations(app);
  if (tasks.every(({ schedule }) => schedule === undefined)) return;
  // Loaded only now: most apps have no schedules.
  const { checkSchedules } = await import("../jobs/schedule.ts");
  await checkSchedules(tasks);
}

function rowsOf(app: App): Row[] {
  const operations = servedOperations(app).map(({ method, path, lane, tags, location }) => ({
    method: method as string,
    path,
    lane,
    tags,
    source: formatLocation(location),
  }));
  const sockets = servedSockets(app).map(({ connection, message }) => ({
    method: "WEBSOCKET",
    path: connection.path,
    lane: (message ?? connection).lane,
    tags: connection.tags,
    source: formatLocation(connection.location),
  }));
  const tasks = servedTaskDeclarations(app).map(({ name, lane, location }) => ({
    method: TASK,
    path: name,
    lane,
    tags: [],
    source: formatLocation(location),
  }));
  return [...operations, ...sockets, ...tasks];
}

const TASK = "TASK";

function table(rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const lines = [["METHOD", "PATH", "LANE", "SOURCE"], ...rows.map(cells)];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  return lines.map((line) => `${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}\n`).join("");
}

function cells({ method, path, lane, source }: Row): string[] {
  return [method, path, lane, source];
}

/** `2 routes: 1 on the loop, 1 on threads`; tasks are counted separately where there are any. */
function count(rows: readonly Row[], all: readonly Row[]): string {
  const on = (lane: Lane): number => rows.filter((row) => row.lane === lane).length;
  const [listed, declared] = [tasksIn(rows), tasksIn(all)];
  const routes = countOf("route", rows.length - listed, all.length - declared);
  const tasks = declared === 0 ? "" : ` and ${countOf("task", listed, declared)}`;
  return `${routes}${tasks}: ${on("loop")} on the loop, ${on("thread")} on threads`;
}

function tasksIn(rows: readonly Row[]): number {
  return rows.filter(({ method }) => method === TASK).length;
}

/** `2 tasks`, or `1 of 2 tasks` where not all are listed. */
function countOf(noun: string, shown: number, all: number): string {
  return shown === all ? counted(all, noun) : `${shown} of ${counted(all, noun)}`;
}

/** `offloop openapi`: prints the document that the app would serve. */
export async function openapi(module: string): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  await checkServable(app);
  const text = `${JSON.stringify(createDocument(app), null, 2)}\n`;
  // Whatever the module opened while it loaded would keep the process alive, and a pipe may still be taking the text.
  printData(text, () => process.exit(0));
}
