import { fileURLToPath } from "node:url";

/**
 * The folder of offloop's own code: `src` in the repository, `dist` in the package. One level above this file, and above
 * the chunk that it is bundled into. No other module may know where it lies.
 */
export const ownFolder: string = new URL("../", import.meta.url).href;

/**
 * Where its source maps place the code of the package, which does not have these files. Node names them in stacks if it
 * runs with `--enable-source-maps`.
 */
const mappedFolder = new URL("../src/", ownFolder).href;

const ownFolders: readonly string[] = [...new Set([ownFolder, mappedFolder])];

/**
 * The same folders as paths, which is what V8 calls the modules of a `node:vm`, where Jest loads everything, and what
 * Node calls the files of source maps.
 */
const ownPaths: readonly string[] = ownFolders.map((folder) =>
  folder.startsWith("file:") ? fileURLToPath(folder) : folder,
);

/** `.ts` in the repository and `.js` in the package. */
export const ownExtension: string = /\.[cm]?[jt]s$/.exec(import.meta.url)?.[0] ?? ".js";

/** A file of offloop's own, by its path in that folder. */
export function ownFile(path: string): URL {
  return new URL(path, ownFolder);
}

/** A module that a thread or a process begins with, by its path without extension. The bundle keeps its place. */
export function ownEntry(path: string): URL {
  return ownFile(path + ownExtension);
}

/** Whether a script is offloop's own. Pass V8's name of the running code: a user's source map may place it anywhere. */
export function isOwnScript(name: string): boolean {
  const isInside = (folder: string): boolean => name.startsWith(folder);
  return ownFolders.some(isInside) || ownPaths.some(isInside);
}

/** A message may name that path, too. */
const FRAME = /^\s*at .*:\d+\)?$/;

/** Whether a line of a stack is a frame in offloop's own code. */
export function isOwnFrame(line: string): boolean {
  const isNamed = (folder: string): boolean => line.includes(folder);
  return ownFolders.some(isNamed) || (ownPaths.some(isNamed) && FRAME.test(line));
}

/**
 * A stack without offloop's own frames, which say nothing about a mistake in someone else's code. If no other frames
 * are left, the location takes their place.
 *
 * @param place - `src/app.ts:12:5`; undefined when not known.
 */
export function withoutOwnFrames(stack: string, place: string | undefined): string {
  const lines = stack.split("\n").filter((line) => !isOwnFrame(line));
  const isBare = !lines.some((line) => /^\s+at /.test(line) && !/^ {2}at /.test(line));
  return isBare && place !== undefined ? [...lines, `    at ${place}`].join("\n") : lines.join("\n");
}
