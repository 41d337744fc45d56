import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { type CallSiteObject, getCallSites } from "node:util";
import type { SourceLocation } from "./offloop-error.ts";
import { isOwnScript } from "./own-code.ts";
import { shownPosition } from "./shown-position.ts";
import { scriptPath } from "./source-map.ts";

const FRAMES = 30;

/**
 * The nearest caller outside offloop and Node: the line of the user's that declares something.
 *
 * @param keyword - The name of the called function, if it is a keyword: for such calls V8 reports the position of the
 * parenthesis, for others that of the name.
 */
export function callerLocation(keyword = ""): SourceLocation {
  const sites = getCallSites(FRAMES, { sourceMap: false });
  const index = sites.findIndex(isUsers);
  const site = getCallSites(FRAMES, { sourceMap: true })[index];
  if (site === undefined) return { file: "(unknown)", line: 1, column: 1 };
  const place = placeOf(site);
  const isMapped =
    site.lineNumber !== sites[index]?.lineNumber || site.scriptName !== sites[index]?.scriptName;
  return isMapped ? place : shownPosition({ ...place, column: Math.max(1, place.column - keyword.length) });
}

function placeOf({ scriptName, lineNumber: line, columnNumber: column }: CallSiteObject): SourceLocation {
  return { file: scriptPath(scriptName), line, column };
}

/** The URL of that caller's module, as it runs: a source map may name a file that does not exist. */
export function callerModule(): string {
  const script = getCallSites(FRAMES, { sourceMap: false }).find(isUsers)?.scriptName ?? "(unknown)";
  return isAbsolute(script) ? pathToFileURL(script).href : script;
}

function isUsers({ scriptName }: CallSiteObject): boolean {
  return scriptName !== "" && !scriptName.startsWith("node:") && !isOwnScript(scriptName);
}
