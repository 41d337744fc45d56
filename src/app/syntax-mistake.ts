import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { parse } from "acorn";
import type { SourceLocation } from "../errors/offloop-error.ts";
import { scriptPath } from "../errors/source-map.ts";

/** Code that Node cannot read. */
export interface SyntaxMistake {
  /** What was found there, if it is known more precisely than Node reports it. */
  readonly what?: string;
  readonly at: SourceLocation;
  readonly fix: string;
}

/**
 * Finds the code that keeps a module, or one that it imports, from being loaded; undefined when that cannot be
 * determined.
 */
export function syntaxMistake(error: SyntaxError, module: URL): SyntaxMistake | undefined {
  const at = shownPlace(error) ?? findPlace(module);
  if (at === undefined) return undefined;
  if (characterAt(at) === "@")
    return {
      what: "it has a decorator, which JavaScript does not know yet",
      at,
      fix: `call the decorator as a function, as in "method = log(() => ...)", or compile the app first: ${PAGE}`,
    };
  return { at, fix: fixOf(error) };
}

const PAGE = 'see "TypeScript" in docs/start.md';

/** What to write instead of TypeScript syntax that is more than types. */
const instead: Readonly<Record<string, string>> = {
  enum: 'write an object: const Color = { red: "red" } as const',
  "parameter property": "declare the field, and assign it in the constructor",
  "namespace declaration": "make it a module, or an object",
};

function fixOf({ message }: SyntaxError): string {
  const kind = /^TypeScript (.+) (?:is|are) not supported in strip-only mode/.exec(message)?.[1];
  const name = / does not provide an export named '(\w+)'/.exec(message)?.[1];
  if (name !== undefined)
    return `write "type ${name}" if it is a type, which Node leaves out of the module, or correct the name; ${PAGE}`;
  if (kind === undefined) return "correct the code there";
  return `${instead[kind] ?? "write it without syntax that TypeScript must compile"}; ${PAGE}`;
}

/** Node shows the location above the stack of most of these errors. */
function shownPlace({ stack = "" }: SyntaxError): SourceLocation | undefined {
  const [first = "", ...rest] = stack.split("\n");
  const place = /^(?<file>(?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(?<line>\d+)$/.exec(first);
  const mark = rest.find((line) => /^\s*\^+\s*$/.test(line)) ?? "^";
  const { file, line } = place?.groups ?? {};
  return file === undefined
    ? undefined
    : { file: scriptPath(file), line: Number(line), column: mark.indexOf("^") + 1 };
}

/** Reads the modules in Node's order, until one of them cannot be read. */
function findPlace(module: URL): SourceLocation | undefined {
  const seen = new Set<string>();
  const files = [module];
  for (let url = files.shift(); url !== undefined; url = files.shift()) {
    if (seen.has(url.href)) continue;
    seen.add(url.href);
    const read = readModule(url);
    if (Array.isArray(read)) files.push(...read);
    else if (read !== undefined) return read;
  }
  return undefined;
}

/** The user's modules that a module imports, or where it cannot be read; undefined when it does not exist. */
function readModule(url: URL): URL[] | SourceLocation | undefined {
  const file = fileURLToPath(url);
  try {
    const { body } = parse(runnableCode(file), { ecmaVersion: "latest", sourceType: "module" });
    return body.flatMap((node) => {
      const from = "source" in node ? node.source?.value : undefined;
      return typeof from === "string" && /^\.{0,2}\//.test(from) ? [new URL(from, url)] : [];
    });
  } catch (error) {
    const { line, column } = (error as { loc?: { line: number; column: number } }).loc ?? {};
    return line === undefined || column === undefined ? undefined : { file, line, column: column + 1 };
  }
}

/** Replaces types with spaces, so that everything else stays in place. */
function runnableCode(file: string): string {
  const source = readFileSync(file, "utf8");
  if (!/\.[cm]?ts$/.test(file)) return source;
  const { emitWarning } = process;
  process.emitWarning = () => {}; // warning that the function is experimental helps nobody here
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function characterAt({ file, line, column }: SourceLocation): string | undefined {
  try {
    return readFileSync(file, "utf8").split("\n")[line - 1]?.[column - 1];
  } catch {
    return undefined;
  }
}
