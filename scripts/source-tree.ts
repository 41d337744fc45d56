import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Comment, type Program, parseSync } from "oxc-parser";

export interface SourceFile {
  /** Path relative to the root of the tree, with forward slashes. */
  path: string;
  text: string;
  program: Program;
  comments: readonly Comment[];
}

const skippedFolders = new Set(["node_modules", "dist", "coverage", "results"]);

/** The files below one root. Each TypeScript file is read and parsed once. */
export class SourceTree {
  readonly root: string;
  readonly #parsed = new Map<string, SourceFile>();

  constructor(root: string) {
    this.root = root;
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  readText(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  /** Paths of the files below a folder that end in one of the extensions, sorted. */
  list(folder: string, extensions: readonly string[]): string[] {
    if (!this.has(folder)) return [];
    const found: string[] = [];
    for (const entry of readdirSync(join(this.root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      const hidden = entry.name.startsWith(".") || skippedFolders.has(entry.name);
      if (entry.isDirectory() && !hidden) found.push(...this.list(path, extensions));
      else if (entry.isFile() && extensions.some((end) => entry.name.endsWith(end))) found.push(path);
    }
    return found.sort();
  }

  parse(path: string): SourceFile {
    const known = this.#parsed.get(path);
    if (known) return known;
    const text = this.readText(path);
    const { program, comments, errors } = parseSync(path, text);
    if (errors[0]) {
      const line = lineAt(text, errors[0].labels[0]?.start ?? 0);
      throw new SyntaxError(`Cannot parse ${path}:${line}: ${errors[0].message}`);
    }
    const source = { path, text, program, comments };
    this.#parsed.set(path, source);
    return source;
  }
}

/** The line, counted from 1, that contains the character at an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
