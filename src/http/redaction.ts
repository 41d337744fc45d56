import { isError } from "../errors/described-error.ts";
import type { SecretNames } from "./secret-names.ts";

/** Stands for what is left out. */
export const HIDDEN = "[redacted]";
/** What stands deeper in each other than this is not looked through, and so not shown. */
const MAX_DEPTH = 20;
const TOO_DEEP = "[too deep]";
const CIRCULAR = "[Circular]";
const UNREADABLE = "[cannot be read]";

/**
 * Leaves secrets out of the fields of log lines. pino's own redaction goes by paths, with a wildcard for one level each: a
 * name at any depth, in any spelling, cannot be said there.
 */
export class Redaction {
  readonly #names: SecretNames;
  /** The objects that hold the one that is looked at. */
  readonly #holders: object[] = [];

  constructor(names: SecretNames) {
    this.#names = names;
  }

  /** The fields of a line; themselves, where they hold no secret. The error of a line is hidden in as it is serialized. */
  readonly fields = (fields: object): Record<string, unknown> =>
    this.#entries(fields, (key, value) =>
      key === "err" && isError(value) ? value : this.#field(key, value),
    );

  /** Any value. */
  value(value: unknown): unknown {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    if (this.#holders.includes(value)) return CIRCULAR;
    if (this.#holders.length >= MAX_DEPTH) return TOO_DEEP;
    this.#holders.push(value);
    try {
      return this.#within(value);
    } catch {
      return UNREADABLE; // a getter or a toJSON that throws: a log line is no reason to fail
    } finally {
      this.#holders.pop();
    }
  }

  #within(value: object): unknown {
    const { toJSON } = value as { toJSON?: unknown };
    const json = typeof toJSON === "function" ? (toJSON.call(value) as unknown) : value;
    if (json !== value) return this.value(json);
    if (!Array.isArray(value)) return this.#entries(value, (key, inner) => this.#field(key, inner));
    const items = value.map((item) => this.value(item));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }

  #field(name: string, value: unknown): unknown {
    // Whether there is one is no secret.
    const isThere = value !== undefined && value !== null && typeof value !== "boolean";
    return isThere && this.#names.isField(name) ? HIDDEN : this.value(value);
  }

  /** An object with other values; itself, when none is another. */
  #entries(object: object, shown: (key: string, value: unknown) => unknown): Record<string, unknown> {
    const source = object as Record<string, unknown>;
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(source)) {
      const value = source[key];
      const instead = shown(key, value);
      if (instead === value) continue;
      copy ??= { ...source };
      copy[key] = instead;
    }
    return copy ?? source;
  }
}
