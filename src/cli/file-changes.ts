import { existsSync, type FSWatcher, statSync, watch } from "node:fs";
import { registerHooks } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { whenVariablesRead } from "../app/settings/environment-variables.ts";

/** Editors write in several steps. */
const QUIET_MS = 50;

/** Watches files through their folders, since most editors replace a file rather than write to it. */
export class FileChanges {
  readonly #onChange: (file: string) => void;
  readonly #onRefusal: (folder: string, error: Error) => void;
  readonly #refused = new Set<string>();
  readonly #stamps = new Map<string, string>();
  readonly #folders = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onChange - Called once for changes that come together, with the first of the files.
   * @param onRefusal - Called once for each folder that the system does not let it watch.
   */
  constructor(onChange: (file: string) => void, onRefusal: (folder: string, error: Error) => void) {
    this.#onChange = onChange;
    this.#onRefusal = onRefusal;
  }

  /** How many files are watched. */
  get size(): number {
    return this.#stamps.size;
  }

  /** Watches a file. A file that has changed since its stamp was taken is reported, too. */
  add({ file, stamp }: LoadedFile): void {
    this.#stamps.set(file, stamp);
    this.#watchFolder(dirname(file));
    if (stampOf(file) !== stamp) this.#lookSoon();
  }

  /** Watches only these files from now on. */
  keep(files: ReadonlySet<string>): void {
    for (const file of this.#stamps.keys()) if (!files.has(file)) this.#stamps.delete(file);
    const folders = new Set([...files].map((file) => dirname(file)));
    for (const folder of this.#folders.keys()) if (!folders.has(folder)) this.#leave(folder);
  }

  #watchFolder(folder: string): void {
    // The folder of a file that was looked for in vain may itself not exist.
    if (this.#folders.has(folder) || !existsSync(folder)) return;
    try {
      const watcher = watch(folder, () => this.#lookSoon());
      watcher.on("error", () => this.#leave(folder));
      this.#folders.set(folder, watcher);
    } catch (error) {
      if (this.#refused.has(folder)) return;
      this.#refused.add(folder);
      this.#onRefusal(folder, error as Error);
    }
  }

  #leave(folder: string): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }

  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), QUIET_MS);
  }

  #look(): void {
    const changed = [...this.#stamps].filter(([file, stamp]) => stampOf(file) !== stamp);
    for (const [file] of changed) {
      this.#stamps.set(file, stampOf(file));
      // A folder that was removed and created again, for example by switching branches, has lost its watcher.
      this.#leave(dirname(file));
      this.#watchFolder(dirname(file));
    }
    const [first] = changed;
    if (first !== undefined) this.#onChange(first[0]);
  }
}

/**
 * A file that the app was made from, whether a module or a file of variables, with a stamp of its
 * version when it was read.
 */
export interface LoadedFile {
  readonly file: string;
  readonly stamp: string;
}

const inPackage = /[\\/]node_modules[\\/]/;

/**
 * Reports every file that is imported or required from now on, before it is read, the files of variables that
 * `settings` reads, and files that were looked for in vain. Leaves out installed packages.
 */
export function onFileLoaded(tell: (loaded: LoadedFile) => void): void {
  const tellOf = (url: string): void => {
    const file = url.startsWith("file:") ? fileURLToPath(url) : undefined;
    if (file !== undefined && !inPackage.test(file)) tell({ file, stamp: stampOf(file) });
  };
  whenVariablesRead((file) => tell({ file, stamp: stampOf(file) }));
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (/^\.\.?\//.test(specifier) && context.parentURL !== undefined)
          tellOf(new URL(specifier, context.parentURL).href);
        throw error;
      }
    },
    load: (url, context, nextLoad) => {
      tellOf(url);
      return nextLoad(url, context);
    },
  });
}

/** Changes whenever the file is written, replaced, created or removed. */
function stampOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}
