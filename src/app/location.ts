import { fileURLToPath } from "node:url";
import { getCallSites } from "node:util";
import type { SourceLocation } from "../errors/source-location.ts";

const ownFolder = new URL("../", import.meta.url).href;
const FRAMES = 30;

/** The nearest caller outside offloop itself and Node: the line of the user's that declares something. */
export function callerLocation(): SourceLocation {
  for (const site of getCallSites(FRAMES, { sourceMap: true })) {
    const script = site.scriptName;
    if (script === "" || script.startsWith("node:") || script.startsWith(ownFolder)) continue;
    const file = script.startsWith("file:") ? fileURLToPath(script) : script;
    return { file, line: site.lineNumber, column: site.columnNumber };
  }
  return { file: "(unknown)", line: 1, column: 1 };
}
