import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { parse } from "acorn";
import type { SourceLocation } from "../../errors/offloop-error.ts";

/** What keeps a module from being loaded, where it is in the user's source, and what mends it. */
export interface LoadMistake {
  /** What was found there, if it is known more precisely than Node reports it. */
  readonly what?: string;
  readonly at?: SourceLocation;
  readonly fix: string;
}

/** An `import` or `export ... from` of a module. */
export interface StaticImport {
  readonly specifier: string;
  /** The whole declaration, as it is written there. */
  readonly text: string;
  /** Where its specifier is. */
  readonly at: SourceLocation;
}

/** A module of the user's, and what it imports. */
export interface UserModule {
  readonly url: URL;
  readonly imports: readonly StaticImport[];
  /** Where it cannot be read, if it cannot: its imports are then not known. */
  readonly unreadable?: SourceLocation;
}

/** A module and those of the user's that it imports, in Node's order. Leaves out what does not exist. */
export function* userModules(start: URL): Generator<UserModule> {
  const seen = new Set<string>();
  const urls = [start];
  for (let url = urls.shift(); url !== undefined; url = urls.shift()) {
    if (seen.has(url.href)) continue;
    seen.add(url.href);
    const module = readModule(url);
    if (module === undefined) continue;
    yield module;
    for (const { specifier } of module.imports)
      if (/^\.{0,2}\//.test(specifier)) urls.push(new URL(specifier, url));
  }
}

function readModule(url: URL): UserModule | undefined {
  try {
    return { url, imports: importsOf(readFileSync(url, "utf8"), fileURLToPath(url)) };
  } catch (error) {
    const { line, column } = (error as { loc?: { line: number; column: number } }).loc ?? {};
    if (line === undefined || column === undefined) return undefined;
    return { url, imports: [], unreadable: { file: fileURLToPath(url), line, column: column + 1 } };
  }
}

function importsOf(source: string, file: string): StaticImport[] {
  const { body } = parse(runnableCode(source, file), {
    ecmaVersion: "latest",
    sourceType: "module",
    locations: true,
  });
  return body.flatMap((node) => {
    const from = "source" in node ? node.source : undefined;
    if (typeof from?.value !== "string" || from.loc == null) return [];
    const { line, column } = from.loc.start;
    const text = source.slice(node.start, node.end).replace(/;$/, "");
    return [{ specifier: from.value, text, at: { file, line, column: column + 1 } }];
  });
}

/** Replaces types with spaces, so that everything else stays in place. */
function runnableCode(source: string, file: string): string {
  if (!/\.[cm]?ts$/.test(file)) return source;
  const { emitWarning } = process;
  process.emitWarning = () => {}; // warning that the function is experimental helps nobody here
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
