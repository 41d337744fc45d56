import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { App } from "../app/app.ts";
import { type AppTarget, loadApp, whenServed } from "../app/load/load.ts";
import { isEmpty, servedTaskDeclarations } from "../app/parts.ts";
import { emptyApp } from "../app/served.ts";
import { resolveSettings } from "../app/settings/settings.ts";
import { callerLocation } from "../errors/location.ts";
import { localPath, OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { keepStdoutForData } from "./data-output.ts";
import { explained } from "./explained.ts";

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
  if (isEmpty(app)) process.stderr.write(`${explained(emptyApp(app))}\n`);
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

/** Refuses an app that could not be served. */
export async function checkServable(app: App): Promise<void> {
  resolveSettings(app.settings);
  const tasks = servedTaskDeclarations(app);
  if (tasks.every(({ schedule }) => schedule === undefined)) return;
  // Loaded only now: most apps have no schedules.
  const { checkSchedules } = await import("../jobs/schedule.ts");
  await checkSchedules(tasks);
}

/**
 * An app by the title and the version that it declares. Without a title it goes by its file: the default title and
 * version would read as offloop's own.
 */
export function appName({ documentation: { title, version }, location }: App): string {
  const name = title ?? localPath(location.file);
  return version === undefined ? name : `${name} ${version}`;
}
