import { statSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** A source file of the app, and what told it from other versions of itself when it was read. */
export interface LoadedFile {
  readonly file: string;
  readonly stamp: string;
}

const inPackage = /[\\/]node_modules[\\/]/;

/**
 * Tells of every file that is imported or required from now on, before it is read, and of those that were looked for in
 * vain. Installed packages are left out.
 */
export function onFileLoaded(tell: (loaded: LoadedFile) => void): void {
  const tellOf = (url: string): void => {
    const file = url.startsWith("file:") ? fileURLToPath(url) : undefined;
    if (file !== undefined && !inPackage.test(file)) tell({ file, stamp: stampOf(file) });
  };
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

/** Differs from the one before once a file has been written, replaced, made or removed. */
export function stampOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}
