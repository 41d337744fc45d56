import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AppTarget } from "../app/load.ts";

/** Reads `app.ts` or `app.ts:export`. A drive letter's colon is not taken for the second. */
export function parseTarget(text: string): AppTarget {
  const match = /^(.+):([\w$]+)$/.exec(text);
  const [file, exportName] =
    match?.[1] !== undefined && match[1].length > 1 ? [match[1], match[2]] : [text, undefined];
  return { url: pathToFileURL(resolve(file)).href, exportName };
}
