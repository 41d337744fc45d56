import { readFileSync } from "node:fs";
import { type SourceMap, SourceMap as SourceMapReader } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A position in code. Lines and columns count from 1. */
export interface CodePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The path behind V8's name for a script: a URL, a path, or a name like `node:fs`. */
export function scriptPath(name: string): string {
  return name.startsWith("file:") ? fileURLToPath(name) : name;
}

/** The source position that generated code comes from; the same position when the map has none for it. */
export function originalPosition<P extends CodePosition>(position: P, map: SourceMap | undefined): P {
  const entry = map?.findEntry(position.line - 1, position.column - 1);
  if (entry === undefined || !("originalSource" in entry)) return position;
  const { originalSource, originalLine, originalColumn } = entry;
  const file = resolve(dirname(position.file), scriptPath(originalSource));
  return { ...position, file, line: originalLine + 1, column: originalColumn + 1 };
}

/** The source line that a generated line comes from; undefined when it comes from several. */
export function originalLine(line: number, map: SourceMap): number | undefined {
  const [first, last] = [map.findEntry(line - 1, 0), map.findEntry(line - 1, Number.MAX_SAFE_INTEGER)];
  if (!("originalLine" in first && "originalLine" in last) || last.generatedLine !== line - 1)
    return undefined;
  const isOne = first.generatedLine !== line - 1 || first.originalLine === last.originalLine;
  return isOne ? last.originalLine + 1 : undefined;
}

/** Reads the source map that code names in its last comment, for a process without `--enable-source-maps`. */
export function readSourceMap(file: string, code: string): SourceMap | undefined {
  const url = /^\/\/# sourceMappingURL=(.+)$/m.exec(code.slice(-LONGEST_INLINE_MAP))?.[1]?.trim();
  if (url === undefined) return undefined;
  try {
    return new SourceMapReader(JSON.parse(mapText(file, url)));
  } catch {
    return undefined; // generated positions still match the running file
  }
}

const LONGEST_INLINE_MAP = 4 * 1024 * 1024;

function mapText(file: string, url: string): string {
  if (!url.startsWith("data:")) return readFileSync(resolve(dirname(file), url), "utf8");
  const comma = url.indexOf(",");
  const data = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(";base64")
    ? Buffer.from(data, "base64").toString()
    : decodeURIComponent(data);
}
