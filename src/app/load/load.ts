import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { workerData } from "node:worker_threads";
import { checkCopy } from "../../errors/brand.ts";
import { isError } from "../../errors/described-error.ts";
import { localPath, OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { App, appsMade } from "../app.ts";
import { loadMistake } from "./load-mistake.ts";
import { settling } from "./settling.ts";

/** Where to find an app: a module, and the export that holds it. */
export interface AppTarget {
  /** URL of the module. */
  readonly url: string;
  /** Name of the export. Undefined: `default`, else `app`, else the only App the module exports or makes. */
  readonly exportName: string | undefined;
}

/**
 * Where threads find an app whose module is named; undefined where none is.
 *
 * @param module - Its URL as text; or a URL, whose fragment names the export.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless it is the URL of a file.
 */
export function targetOf(module: unknown, at: SourceLocation): AppTarget | undefined {
  if (module === undefined) return undefined;
  const url = String(module);
  if ((typeof module === "string" || module instanceof URL) && url.startsWith("file:") && URL.canParse(url)) {
    const [plain = url, exportName] = url.split("#");
    return { url: plain, exportName };
  }
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use module: expected the URL of a file, got ${shownValue(module instanceof URL ? url : module)}`,
    { at, fix: "pass import.meta.url, or leave module out" },
  );
}

/**
 * Imports a module and finds the app in it.
 *
 * @throws {OffloopError} `OFFLOOP_MODULE_NOT_FOUND`, `OFFLOOP_MODULE_FAILED`, `OFFLOOP_APP_NOT_FOUND`.
 */
export async function loadApp(target: AppTarget): Promise<App> {
  const file = fileURLToPath(target.url);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() !== true) {
    const why = found?.isDirectory() === true ? "it is a folder" : "there is no such file";
    throw new OffloopError("OFFLOOP_MODULE_NOT_FOUND", `Cannot load "${file}": ${why}`, {
      fix: "pass the path of the module that exports the app, like app.ts",
    });
  }
  const before = appsMade().length;
  const exported = await importModule(target.url, file);
  return (
    chosenExport(exported, target, file) ??
    soleApp(exported, appsMade().slice(before)) ??
    missing(exported, target, file)
  );
}

async function importModule(url: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await settling(import(url), () => neverLoads(file))) as Record<string, unknown>;
  } catch (cause) {
    // It already says what happened, where, and what to do; nothing could be added.
    if (cause instanceof OffloopError) throw cause;
    const mistake = await loadMistake(cause, new URL(url));
    const { what = `it threw ${String(cause)}`, at, fix } = mistake ?? { fix: fixOf(cause) };
    throw new OffloopError("OFFLOOP_MODULE_FAILED", `Cannot load "${localPath(file)}": ${what}`, {
      at,
      fix,
      cause,
    });
  }
}

function neverLoads(file: string): OffloopError {
  const what = `Cannot load "${localPath(file)}": it waits for something that never comes`;
  return new OffloopError("OFFLOOP_MODULE_FAILED", what, {
    fix: "look at what it, or a module that it imports, awaits at its top level: nothing that the process has open can settle it",
  });
}

function chosenExport(
  exported: Record<string, unknown>,
  { exportName }: AppTarget,
  file: string,
): App | undefined {
  if (exportName === undefined) return [exported.default, exported.app].find((value) => value instanceof App);
  const value = exported[exportName];
  if (value instanceof App) return value;
  return missing(exported, { url: file, exportName }, file);
}

function soleApp(exported: Record<string, unknown>, made: readonly App[]): App | undefined {
  const apps = new Set(Object.values(exported).filter((value) => value instanceof App));
  if (apps.size === 1) return [...apps][0];
  return made.length === 1 ? made[0] : undefined;
}

function missing(exported: Record<string, unknown>, { exportName }: AppTarget, file: string): never {
  for (const value of exportName === undefined ? Object.values(exported) : [exported[exportName]])
    checkCopy(value, `load "${localPath(file)}"`);
  const apps = Object.keys(exported).filter((name) => exported[name] instanceof App);
  const what = exportName === undefined ? localPath(file) : `${localPath(file)}:${exportName}`;
  throw new OffloopError(
    "OFFLOOP_APP_NOT_FOUND",
    `Cannot load "${what}": ${whyMissing(exported, apps, exportName)}`,
    {
      fix:
        apps.length > 0
          ? `name the export: ${localPath(file)}:${apps[0]}`
          : 'add "export default app" to the module',
    },
  );
}

function whyMissing(
  exported: Record<string, unknown>,
  apps: readonly string[],
  exportName: string | undefined,
): string {
  if (exportName === undefined && apps.length > 1)
    return `the module exports ${apps.length} apps, ${quoted(apps)}, and none as default or "app"`;
  const found = quoted(Object.keys(exported)) || "nothing";
  if (exportName === undefined) return `the module exports ${found}, not an App`;
  return `the module exports ${found}, not "${exportName}"${exportName in exported ? " as an App" : ""}`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" and ");
}

function fixOf(cause: unknown): string {
  return isError(cause)
    ? "correct the error that the stack below shows"
    : "throw an Error: its stack would say where";
}

type Served = (app: App) => void;
let onServed: Served | undefined;

/** Whether this code runs in a thread of offloop's pool, where the app module only declares. */
export function inThread(): boolean {
  return (workerData as { offloop?: unknown } | null)?.offloop === "thread";
}

/**
 * Makes `serve(app)` hand over its app instead of listening: in a thread, and while the command line loads a module.
 * Undefined ends this.
 */
export function whenServed(take: Served | undefined): void {
  onServed = take;
}

type Tested = (at: SourceLocation) => void;
let onTested: Tested | undefined;

/** Learns of test clients that the app's module asks for while a thread loads it. Undefined ends this. */
export function whenTested(take: Tested | undefined): void {
  onTested = take;
}

/** A test client in a thread: it never opens, since a thread that imports a test must not run it. */
export function neverTested(at: SourceLocation): Promise<never> {
  onTested?.(at);
  return new Promise(() => {});
}

/** Hands over an app that is served. False when nobody takes it. */
export function handOver(app: App): boolean {
  onServed?.(app);
  return onServed !== undefined;
}
