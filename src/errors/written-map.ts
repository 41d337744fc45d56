import type { CodePosition, SourcePositions } from "./code-position.ts";

/**
 * A source map as it is written: its positions are decoded when one is asked for, and its sources are never parsed. The
 * map of a bundle may have 50 MB. Parsed, it takes ten times as much, and ends a process whose thread has less.
 */
export class WrittenMap implements SourcePositions {
  readonly #mappings: Buffer;
  readonly #sources: readonly (string | null)[];
  readonly #sections: readonly Section[];
  readonly #fileOf: (source: string) => string;

  /** @param fileOf - The file of a source, by its name and the map's `sourceRoot`. */
  constructor(json: Buffer, fileOf: (source: string) => string) {
    const members = membersOf(json);
    const root = (parsed(members.get("sourceRoot")) as string | null | undefined) || "";
    const prefix = root === "" || root.endsWith("/") ? root : `${root}/`;
    this.#mappings = textOf(members.get("mappings"));
    this.#sources = (parsed(members.get("sources")) as (string | null)[] | undefined) ?? [];
    this.#sections = itemsOf(members.get("sections")).map((item) => new Section(item, fileOf));
    this.#fileOf = (source) => fileOf(prefix + source);
  }

  at(line: number, column: number): CodePosition | undefined {
    const section = this.#sections.findLast((one) => one.isBefore(line, column));
    if (section !== undefined) return section.at(line, column);
    let found: Segment | undefined;
    let foundAt = -1;
    this.#visit(line - 1, (generatedColumn, segment) => {
      if (generatedColumn > column - 1 || generatedColumn < foundAt) return;
      foundAt = generatedColumn;
      found = segment && { ...segment };
    });
    return this.#position(found);
  }

  ofLine(line: number): CodePosition | undefined {
    const section = this.#sections.findLast((one) => one.isBefore(line, Number.MAX_SAFE_INTEGER));
    if (section !== undefined) return section.ofLine(line);
    let found: Segment | undefined;
    let isOne = true;
    this.#visit(line - 1, (_generatedColumn, segment) => {
      if (segment === undefined) return;
      isOne &&= found === undefined || (found.line === segment.line && found.source === segment.source);
      found = { ...segment };
    });
    return isOne ? this.#position(found) : undefined;
  }

  #position(segment: Segment | undefined): CodePosition | undefined {
    const source = segment && this.#sources[segment.source];
    if (segment === undefined || typeof source !== "string") return undefined;
    return { file: this.#fileOf(source), line: segment.line + 1, column: segment.column + 1 };
  }

  /**
   * Decodes the segments of a generated line, and those of all before it: each is relative to the last.
   *
   * @param visit - Gets the same object each time; undefined for generated code without a source.
   */
  #visit(line: number, visit: (generatedColumn: number, segment: Segment | undefined) => void): void {
    const bytes = this.#mappings;
    const segment: Segment = { source: 0, line: 0, column: 0 };
    let [generatedLine, generatedColumn, field, value, shift] = [0, 0, 0, 0, 0];
    for (let at = 0; at <= bytes.length && generatedLine <= line; at++) {
      const byte = bytes[at] ?? SEMICOLON;
      if (byte === COMMA || byte === SEMICOLON) {
        if (generatedLine === line && field > 0) visit(generatedColumn, field >= 4 ? segment : undefined);
        field = 0;
        if (byte === COMMA) continue;
        generatedLine++;
        generatedColumn = 0;
        continue;
      }
      const digit = DIGITS[byte] as number;
      value += (digit & 31) << shift;
      shift += 5;
      if ((digit & 32) !== 0) continue;
      const delta = (value & 1) === 1 ? -(value >>> 1) : value >>> 1;
      [value, shift] = [0, 0];
      if (field === 0) generatedColumn += delta;
      else if (field === 1) segment.source += delta;
      else if (field === 2) segment.line += delta;
      else if (field === 3) segment.column += delta;
      field++;
    }
  }
}

/** Where a piece of code comes from. Everything counts from 0. */
interface Segment {
  source: number;
  line: number;
  column: number;
}

/** A map of a part of the code, in an index map. */
class Section implements SourcePositions {
  readonly #line: number;
  readonly #column: number;
  readonly #map: WrittenMap;

  constructor(json: Buffer, fileOf: (source: string) => string) {
    const members = membersOf(json);
    const { line, column } = parsed(members.get("offset")) as { line: number; column: number };
    this.#line = line;
    this.#column = column;
    this.#map = new WrittenMap(members.get("map") as Buffer, fileOf);
  }

  isBefore(line: number, column: number): boolean {
    return line - 1 > this.#line || (line - 1 === this.#line && column - 1 >= this.#column);
  }

  at(line: number, column: number): CodePosition | undefined {
    return this.#map.at(line - this.#line, line - 1 === this.#line ? column - this.#column : column);
  }

  ofLine(line: number): CodePosition | undefined {
    return this.#map.ofLine(line - this.#line);
  }
}

const COMMA = 44;
const SEMICOLON = 59;
const QUOTE = 34;
const BACKSLASH = 92;

/** The values of the digits that mappings are written in, by their bytes. */
const DIGITS = new Int8Array(256);
for (const [value, digit] of [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
].entries())
  DIGITS[digit.charCodeAt(0)] = value;

function parsed(json: Buffer | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json.toString());
}

/** The bytes of a string of ASCII, copied, so that what is around them may go. */
function textOf(json: Buffer | undefined): Buffer {
  if (json === undefined) return Buffer.alloc(0);
  return json.includes(BACKSLASH) ? Buffer.from(parsed(json) as string) : Buffer.from(json.subarray(1, -1));
}

/** The members of an object in JSON, as they are written. */
function membersOf(json: Buffer): ReadonlyMap<string, Buffer> {
  const members = new Map<string, Buffer>();
  // Some maps begin with something that keeps browsers from running them.
  const start = json.indexOf("{");
  if (start === -1) throw new SyntaxError("It is no map");
  const parts = partsOf(json, start);
  for (let index = 0; index + 1 < parts.length; index += 2)
    members.set(parsed(parts[index]) as string, parts[index + 1] as Buffer);
  return members;
}

/** The items of an array in JSON, as they are written. */
function itemsOf(json: Buffer | undefined): readonly Buffer[] {
  return json === undefined ? [] : partsOf(json, 0);
}

/** What is between the brackets, commas and colons of the object or array that begins there. */
function partsOf(json: Buffer, start: number): Buffer[] {
  const parts: Buffer[] = [];
  let [depth, from] = [0, start + 1];
  for (let at = start; at < json.length; at++) {
    const byte = json[at] as number;
    if (byte === QUOTE) at = endOfString(json, at);
    else if (OPENING.has(byte)) depth++;
    else if (CLOSING.has(byte)) depth--;
    const isEnd = depth === 0 || (depth === 1 && SEPARATING.has(byte) && at >= from);
    if (!isEnd || byte === QUOTE) continue;
    const part = trimmed(json.subarray(from, at));
    if (part.length > 0) parts.push(part);
    if (depth === 0) return parts;
    from = at + 1;
  }
  throw new SyntaxError("The map is cut off");
}

const OPENING: ReadonlySet<number> = new Set(Buffer.from("{["));
const CLOSING: ReadonlySet<number> = new Set(Buffer.from("}]"));
const SEPARATING: ReadonlySet<number> = new Set(Buffer.from(",:"));
const SPACE = 32;

function trimmed(json: Buffer): Buffer {
  let [from, to] = [0, json.length];
  while (from < to && (json[from] as number) <= SPACE) from++;
  while (to > from && (json[to - 1] as number) <= SPACE) to--;
  return json.subarray(from, to);
}

/** Where the string ends that begins there: at the first quote that is not escaped. */
function endOfString(json: Buffer, start: number): number {
  for (let at = start; ; ) {
    at = json.indexOf(QUOTE, at + 1);
    if (at === -1) return json.length;
    let escapes = at;
    while (json[escapes - 1] === BACKSLASH) escapes--;
    if ((at - escapes) % 2 === 0) return at;
  }
}
