import type { App } from "../app/app.ts";
import type { Lane } from "../app/lane.ts";
import { servedOperations, servedSockets, servedTaskDeclarations } from "../app/parts.ts";
import { counted } from "../errors/counted.ts";
import { formatLocation } from "../errors/offloop-error.ts";
import { endCommand, printData } from "./data-output.ts";
import { checkServable, loadToRead, parseTarget } from "./declared-app.ts";

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
  printData(text);
  endCommand();
}

function rowsOf(app: App): Row[] {
  const operations = servedOperations(app).map(({ method, path, lane, tags, location }) => ({
    method,
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
