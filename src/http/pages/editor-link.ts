import { pathToFileURL } from "node:url";
import type { SourceLocation } from "../../errors/offloop-error.ts";

/** Editors that open `name://file/path:line:column`, by the name of their command. */
const likeVsCode = ["cursor", "windsurf", "vscodium", "zed"];

/**
 * Returns the URL that opens a location in an editor: the one this terminal belongs to, or the one its variables name.
 * VS Code where neither applies.
 */
export function editorUrl({ file, line, column }: SourceLocation): string {
  const { EDITOR = "", VISUAL = "", TERMINAL_EMULATOR = "" } = process.env;
  const { pathname } = pathToFileURL(file);
  if (/jetbrains/i.test(TERMINAL_EMULATOR))
    return `idea://open?file=${encodeURIComponent(file)}&line=${line}&column=${column}`;
  const named = likeVsCode.find((name) => `${VISUAL} ${EDITOR}`.toLowerCase().includes(name)) ?? "vscode";
  return `${named}://file${pathname}:${line}:${column}`;
}
