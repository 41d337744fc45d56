import { isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type CallSiteObject, getCallSites } from "node:util";
import type { SourceLocation } from "../errors/offloop-error.ts";
import { isOwnScript } from "../errors/own-code.ts";

const FRAMES = 30;

/** The nearest caller outside offloop itself and Node: the line of the user's that declares something. */
export function callerLocation(): SourceLocation {
  const sites = getCallSites(FRAMES, { sourceMap: true });
  const site = sites[getCallSites(FRAMES, { sourceMap: false }).findIndex(isUsers)];
  if (site === undefined) return { file: "(unknown)", line: 1, column: 1 };
  const { scriptName, lineNumber: line, columnNumber: column } = site;
  return { file: scriptName.startsWith("file:") ? fileURLToPath(scriptName) : scriptName, line, column };
}

/** The URL of that caller's module, as it runs: a source map may name a file that is not there. */
export function callerModule(): string {
  const script = getCallSites(FRAMES, { sourceMap: false }).find(isUsers)?.scriptName ?? "(unknown)";
  return isAbsolute(script) ? pathToFileURL(script).href : script;
}

function isUsers({ scriptName }: CallSiteObject): boolean {
  return scriptName !== "" && !scriptName.startsWith("node:") && !isOwnScript(scriptName);
}
