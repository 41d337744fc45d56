import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { App } from "../app/app.ts";
import { type AppTarget, loadApp, whenServed } from "../app/load.ts";
import { callerLocation } from "../app/location.ts";
import { localPath, OffloopError, type SourceLocation } from "../errors/offloop-error.ts";

interface Declared {
  readonly app: App;
  /** Where the module serves an app itself. */
  readonly servedAt?: SourceLocation;
}

/**
 * Loads an app that a command is to serve.
 *
 * @throws {OffloopError} What `loadApp` throws, and `OFFLOOP_SERVES_ITSELF`.
 */
export async function loadToServe(target: AppTarget): Promise<App> {
  const { app, servedAt } = await loadModule(target);
  if (servedAt !== undefined) throw servesItself(target, app, servedAt);
  return app;
}

/** Loads an app that a command only reads: one that a module serves is not, then. */
export async function loadToRead(target: AppTarget): Promise<App> {
  const { app, servedAt } = await loadModule(target);
  // What follows `await serve(app)` does not run, so that the export that was asked for may never come.
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

/** Reads `app.ts` or `app.ts:export`. A drive letter's colon is not taken for the second. */
export function parseTarget(text: string): AppTarget {
  const match = /^(.+):([\w$]+)$/.exec(text);
  const [file, exportName] =
    match?.[1] !== undefined && match[1].length > 1 ? [match[1], match[2]] : [text, undefined];
  return { url: pathToFileURL(resolve(file)).href, exportName };
}
