import { existsSync, readFileSync } from "node:fs";
import type { SourceMap } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CodePosition, SourcePositions } from "./code-position.ts";
import { WrittenMap } from "./written-map.ts";

/** A URL, but not a path that begins with the letter of a drive. */
const SCHEME = /^[a-z][a-z\d+.-]+:/i;

/** The path behind V8's name for a script: a URL, a path, or a name like `node:fs`. Never throws. */
export function scriptPath(name: string): string {
  if (!name.startsWith("file:")) return name;
  try {
    return fileURLToPath(name);
  } catch {
    return name; // of another machine, or of another system
  }
}

/** The source position that generated code comes from; the same position when the map has none for it. */
export function originalPosition<P extends CodePosition>(position: P, map: SourcePositions | undefined): P {
  const source = map?.at(position.line, position.column);
  return source === undefined ? position : { ...position, ...source };
}

/**
 * The map that Node has read for a script, in a process with `--enable-source-maps`.
 *
 * @param file - The script's path.
 */
export function loadedMap(map: SourceMap | undefined, file: string): SourcePositions | undefined {
  return map && new LoadedMap(map, file);
}

class LoadedMap implements SourcePositions {
  readonly #map: SourceMap;
  readonly #file: string;

  constructor(map: SourceMap, file: string) {
    this.#map = map;
    this.#file = file;
  }

  at(line: number, column: number): CodePosition | undefined {
    const entry = this.#map.findEntry(line - 1, column - 1);
    // Without a position on the line, Node finds one on a line before it.
    if (!("originalLine" in entry) || entry.generatedLine !== line - 1) return undefined;
    const { originalSource, originalLine, originalColumn } = entry as Partial<typeof entry>;
    // Generated code without a source has a position, too.
    if (typeof originalSource !== "string" || originalLine === undefined) return undefined;
    const file = sourceFile(originalSource, this.#file);
    return { file, line: originalLine + 1, column: (originalColumn ?? 0) + 1 };
  }

  ofLine(line: number): CodePosition | undefined {
    const end = this.#map.findEntry(line - 1, Number.MAX_SAFE_INTEGER);
    const last = this.at(line, Number.MAX_SAFE_INTEGER);
    if (last === undefined || !("generatedColumn" in end)) return undefined;
    // The leftmost column that has a position.
    let [from, to] = [1, end.generatedColumn + 1];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if (this.at(line, middle) === undefined) from = middle + 1;
      else to = middle;
    }
    const first = this.at(line, from);
    return first?.line === last.line && first.file === last.file ? last : undefined;
  }
}

/**
 * Reads the source map that code names in its last comment, for a process without `--enable-source-maps`. Undefined if
 * there is none, or if it cannot be read: generated positions still match the running file.
 *
 * @param code - As bytes if it may be long: a string of it would fill a small heap.
 */
export function readSourceMap(file: string, code: string | Buffer): SourcePositions | undefined {
  try {
    const named = mapComment(typeof code === "string" ? Buffer.from(code) : code);
    if (named === undefined) return undefined;
    const { json, base } = named.startsWith("data:")
      ? { json: decodeData(named), base: file }
      : readMapFile(named, file);
    return new WrittenMap(json, (source) => sourceFile(source, base));
  } catch {
    return undefined;
  }
}

const COMMENT = "//# sourceMappingURL=";

/** What the last such comment names. Code before it may contain others: those of what it was bundled from. */
function mapComment(code: Buffer): string | undefined {
  let at = code.lastIndexOf(COMMENT);
  while (at > 0 && code[at - 1] !== NEWLINE) at = code.lastIndexOf(COMMENT, at - 1);
  if (at === -1) return undefined;
  const end = code.indexOf(NEWLINE, at);
  return code.toString("latin1", at + COMMENT.length, end === -1 ? code.length : end).trim() || undefined;
}

const NEWLINE = 10;

function decodeData(url: string): Buffer {
  const comma = url.indexOf(",");
  const data = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(";base64")
    ? Buffer.from(data, "base64")
    : Buffer.from(decodeURIComponent(data));
}

function readMapFile(named: string, file: string): { json: Buffer; base: string } {
  const base = sourceFile(Buffer.from(named, "latin1").toString(), file);
  return { json: readFileSync(base), base };
}

/**
 * The file that a map or its code names. Some tools write URLs (esbuild), others write paths (tsc): `a%20b.ts` may be
 * `a b.ts`, and `a#b.ts` need not be `a`. The name stays if it is no file's, such as `webpack://app/a.ts`.
 */
function sourceFile(name: string, base: string): string {
  if (SCHEME.test(name)) return scriptPath(name);
  const asPath = resolve(dirname(base), name);
  const asUrl = scriptPath(new URL(name, pathToFileURL(base)).href);
  return asUrl !== asPath && existsSync(asPath) ? asPath : asUrl;
}
