import { fileURLToPath } from "node:url";
import { type CallSiteObject, getCallSites } from "node:util";
import type { SourceLocation } from "../errors/source-location.ts";

const ownFolder = new URL("../", import.meta.url).href;
const FRAMES = 30;

/** The nearest caller outside offloop itself and Node: the line of the user's that declares something. */
export function callerLocation(): SourceLocation {
  const places = getCallSites(FRAMES, { sourceMap: true });
  // Which code is offloop's own is told by the script that runs: a source map may place it anywhere.
  for (const [index, { scriptName }] of getCallSites(FRAMES, { sourceMap: false }).entries()) {
    if (scriptName === "" || scriptName.startsWith("node:") || scriptName.startsWith(ownFolder)) continue;
    const site = places[index] as CallSiteObject;
    const script = site.scriptName;
    const file = script.startsWith("file:") ? fileURLToPath(script) : script;
    return { file, line: site.lineNumber, column: site.columnNumber };
  }
  return { file: "(unknown)", line: 1, column: 1 };
}
