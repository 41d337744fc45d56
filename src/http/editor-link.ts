import { pathToFileURL } from "node:url";
import type { SourceLocation } from "../errors/offloop-error.ts";

/** Editors that open `name://file/path:line:column`, by what their command is called. */
const likeVsCode = ["cursor", "windsurf", "vscodium", "zed"];

/** The URL that opens a place in the editor that this terminal is of, or that its variables name; VS Code where none does. */
export function editorUrl({ file, line, column }: SourceLocation): string {
  const { EDITOR = "", VISUAL = "", TERMINAL_EMULATOR = "" } = process.env;
  const { pathname } = pathToFileURL(file);
  if (/jetbrains/i.test(TERMINAL_EMULATOR))
    return `idea://open?file=${encodeURIComponent(file)}&line=${line}&column=${column}`;
  const named = likeVsCode.find((name) => `${VISUAL} ${EDITOR}`.toLowerCase().includes(name)) ?? "vscode";
  return `${named}://file${pathname}:${line}:${column}`;
}
