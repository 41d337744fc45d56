import { inspect } from "node:util";
import type { HeaderPairs } from "./raw.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Characters that would end a header's line, or that are not bytes. */
const UNFIT = /[\0\r\n\u0100-\uffff]/;
const COOKIE = "set-cookie";

type Headers = globalThis.Headers;

/**
 * The web's `Headers`, without their cost: Node's convert and check each character, and sort before they are read,
 * which costs more than everything else an around does.
 *
 * @see https://fetch.spec.whatwg.org/#headers-class
 */
export class HeaderList implements Headers {
  /** Keyed by lower-case name; several values of one name are joined with commas. */
  readonly #values = new Map<string, string>();
  /** The exception: these cannot be joined. */
  #cookies: string[] | undefined;

  constructor() {
    if (!isHeaders) becomeHeaders();
  }

  /** Alternating names and values, already checked, as node:http gives them. */
  static received(raw: readonly string[]): HeaderList {
    const list = new HeaderList();
    for (let at = 0; at + 1 < raw.length; at += 2)
      list.#add((raw[at] as string).toLowerCase(), raw[at + 1] as string);
    return list;
  }

  append(name: string, value: string): void {
    this.#add(checkedName(name), checkedValue(name, value));
  }

  set(name: string, value: string): void {
    const key = checkedName(name);
    const checked = checkedValue(name, value);
    if (key === COOKIE) this.#cookies = [checked];
    else this.#values.set(key, checked);
  }

  delete(name: string): void {
    const key = checkedName(name);
    if (key === COOKIE) this.#cookies = undefined;
    else this.#values.delete(key);
  }

  get(name: string): string | null {
    const key = checkedName(name);
    return (key === COOKIE ? this.#cookies?.join(", ") : this.#values.get(key)) ?? null;
  }

  has(name: string): boolean {
    const key = checkedName(name);
    return key === COOKIE ? this.#cookies !== undefined : this.#values.has(key);
  }

  getSetCookie(): string[] {
    return [...(this.#cookies ?? [])];
  }

  forEach(callback: (value: string, key: string, parent: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this.#sorted()) callback.call(thisArg, value, name, this);
  }

  keys(): ArrayIterator<string> {
    return this.#sorted()
      .map(([name]) => name)
      [Symbol.iterator]();
  }

  values(): ArrayIterator<string> {
    return this.#sorted()
      .map(([, value]) => value)
      [Symbol.iterator]();
  }

  entries(): ArrayIterator<[string, string]> {
    return this.#sorted()[Symbol.iterator]();
  }

  [Symbol.iterator](): ArrayIterator<[string, string]> {
    return this.entries();
  }

  /** The headers to send, in the order in which they were set; cookies last. */
  pairs(without?: string): HeaderPairs {
    const pairs: [string, string][] = [];
    for (const pair of this.#values) if (pair[0] !== without) pairs.push(pair);
    for (const cookie of this.#cookies ?? []) pairs.push([COOKIE, cookie]);
    return pairs;
  }

  #add(key: string, value: string): void {
    if (key === COOKIE) {
      this.#cookies ??= [];
      this.#cookies.push(value);
      return;
    }
    const before = this.#values.get(key);
    // RFC 9110 joins with commas, RFC 6265 with semicolons between a request's cookies.
    const joined = key === "cookie" ? `${before}; ${value}` : `${before}, ${value}`;
    this.#values.set(key, before === undefined ? value : joined);
  }

  #sorted(): [string, string][] {
    return (this.pairs() as [string, string][]).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

let isHeaders = false;

/** Makes `instanceof Headers` hold. Not before a list exists, since Node loads its own class on first mention. */
function becomeHeaders(): void {
  isHeaders = true;
  Object.setPrototypeOf(HeaderList.prototype, Headers.prototype);
  Object.defineProperty(HeaderList.prototype, inspect.custom, {
    value: function (this: HeaderList, _depth: number, options: object): string {
      return `Headers ${inspect(Object.fromEntries(this), options)}`;
    },
  });
}

/** @returns The name in lower case. */
function checkedName(name: string): string {
  if (TOKEN.test(name)) return name.toLowerCase();
  throw new TypeError(`Headers: expected the name of a header, got ${JSON.stringify(String(name))}`);
}

/** @returns The value as text, without surrounding whitespace. */
function checkedValue(name: string, value: unknown): string {
  const text = String(value);
  let end = text.length;
  while (isPadding(text.charCodeAt(end - 1))) end--;
  let start = 0;
  while (start < end && isPadding(text.charCodeAt(start))) start++;
  const trimmed = text.slice(start, end);
  if (!UNFIT.test(trimmed)) return trimmed;
  throw new TypeError(
    `Headers: expected a value for ${name} on one line, in Latin-1, got ${JSON.stringify(text)}`,
  );
}

/** Whether it is a space, a tab, or part of a line ending. */
function isPadding(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}
