/** Where a JSON text is malformed, and how. */
export interface JsonMistake {
  /** In characters, a pair of surrogates being one. */
  readonly position: number;
  readonly error: string;
}

/**
 * Finds out where a text that could not be parsed is malformed. V8 says it of some mistakes only, in words that change
 * with its version; these positions and words are those of Python's decoder, which FastAPI passes on.
 *
 * @returns Undefined when the text is JSON.
 */
export function findJsonMistake(text: string): JsonMistake | undefined {
  const json = text.startsWith("\ufeff") ? text.slice(1) : text; // the parser skips a byte order mark, too
  try {
    new JsonScanner(json).scan();
    return undefined;
  } catch (found) {
    if (!(found instanceof Found)) throw found;
    return { position: charactersBefore(json, found.at), error: found.message };
  }
}

/** Ends the scan. */
class Found extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const WHITE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /null|true|false/y;
/** The characters of a string that mean themselves. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of these in a string
const PLAIN = /[^"\\\u0000-\u001f]*/y;
/** Python takes the last digit of a text that ends there for none. */
const HEX = /[\da-fA-F]{4}(?!$)/y;

/** Walks over a JSON text without recursion: how deep it is nested is up to a client. */
class JsonScanner {
  readonly #text: string;
  #at = 0;
  /** The bracket that ends each list and object around here. */
  readonly #open: ("]" | "}")[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  scan(): void {
    this.#skip(WHITE);
    this.#value();
    for (let closing = this.#open.at(-1); closing !== undefined; closing = this.#open.at(-1)) {
      if (this.#next() === closing) this.#close();
      else this.#following(closing);
    }
    if (this.#at < this.#text.length) throw new Found("Extra data", this.#at);
  }

  #next(): string {
    return this.#text.charAt(this.#at);
  }

  /** Skips what a pattern matches here; false when nothing does. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  /** A value and the white space after it; of a list or an object as far as the end of the first value in it. */
  #value(): void {
    while (this.#next() === "{" || this.#next() === "[") {
      const closing = this.#next() === "{" ? "}" : "]";
      this.#open.push(closing);
      this.#at++;
      this.#skip(WHITE);
      if (this.#next() === closing) return;
      if (closing === "}") this.#key();
    }
    if (this.#next() === '"') this.#string();
    else if (!this.#skip(NUMBER) && !this.#skip(WORD)) throw new Found("Expecting value", this.#at);
    this.#skip(WHITE);
  }

  #close(): void {
    this.#open.pop();
    this.#at++;
    this.#skip(WHITE);
  }

  /** What comes after a value in a list or an object that goes on. */
  #following(closing: "]" | "}"): void {
    const comma = this.#at;
    if (this.#next() !== ",") throw new Found("Expecting ',' delimiter", comma);
    this.#at++;
    this.#skip(WHITE);
    const around = closing === "}" ? "object" : "array";
    if (this.#next() === closing) throw new Found(`Illegal trailing comma before end of ${around}`, comma);
    if (closing === "}") this.#key();
    this.#value();
  }

  #key(): void {
    if (this.#next() !== '"') throw new Found("Expecting property name enclosed in double quotes", this.#at);
    this.#string();
    this.#skip(WHITE);
    if (this.#next() !== ":") throw new Found("Expecting ':' delimiter", this.#at);
    this.#at++;
    this.#skip(WHITE);
  }

  #string(): void {
    const start = this.#at++;
    for (;;) {
      this.#skip(PLAIN);
      const end = this.#next();
      if (end === "") throw new Found("Unterminated string starting at", start);
      if (end !== '"' && end !== "\\") throw new Found("Invalid control character at", this.#at);
      this.#at++;
      if (end === '"') return;
      this.#escape(start);
    }
  }

  /** What follows a backslash in a string. */
  #escape(start: number): void {
    const escaped = this.#next();
    if (escaped === "") throw new Found("Unterminated string starting at", start);
    if (!'"\\/bfnrtu'.includes(escaped)) throw new Found("Invalid \\escape", this.#at - 1);
    this.#at++;
    if (escaped === "u" && !this.#skip(HEX)) throw new Found("Invalid \\uXXXX escape", this.#at - 1);
  }
}

function charactersBefore(text: string, end: number): number {
  let count = 0;
  for (let at = 0; at < end; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}
