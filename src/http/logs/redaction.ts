import { isError } from "../../errors/described-error.ts";
import type { SecretNames } from "./secret-names.ts";

/** Takes the place of a hidden value. */
export const HIDDEN = "[redacted]";
/** Values nested deeper than this are not searched, and therefore not shown. */
const MAX_DEPTH = 20;
const TOO_DEEP = "[too deep]";
const CIRCULAR = "[Circular]";
const UNREADABLE = "[cannot be read]";

/**
 * Removes secrets from the fields of log lines. pino's own redaction works by path, with a wildcard per level: it
 * cannot express a name at any depth, in any spelling.
 */
export class Redaction {
  readonly #names: SecretNames;
  /** The objects that contain the current one. */
  readonly #holders: object[] = [];

  constructor(names: SecretNames) {
    this.#names = names;
  }

  /**
   * Returns the fields of a line, unchanged when they hold no secret. Secrets in a line's error are hidden when it is
   * serialized.
   */
  readonly fields = (fields: object): Record<string, unknown> => {
    const shown = (key: string, value: unknown): unknown =>
      key === "err" && isError(value) ? value : this.#field(key, value);
    try {
      return this.#entries(fields, shown);
    } catch {
      return this.#readable(fields, shown);
    }
  };

  /** The fields of a line, some of which cannot be read. */
  #readable(fields: object, shown: (key: string, value: unknown) => unknown): Record<string, unknown> {
    const readable: Record<string, unknown> = {};
    try {
      for (const key of Object.keys(fields)) {
        try {
          readable[key] = shown(key, (fields as Record<string, unknown>)[key]);
        } catch {
          readable[key] = UNREADABLE;
        }
      }
      return readable;
    } catch {
      return { fields: UNREADABLE }; // not even their names
    }
  }

  /** Redacts any value. */
  value(value: unknown): unknown {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    if (this.#holders.includes(value)) return CIRCULAR;
    if (this.#holders.length >= MAX_DEPTH) return TOO_DEEP;
    this.#holders.push(value);
    try {
      return this.#within(value);
    } catch {
      return UNREADABLE; // a getter or a toJSON threw: a log line is no reason to fail
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
    // Whether a value is there at all is not secret.
    const isThere = value !== undefined && value !== null && typeof value !== "boolean";
    return isThere && this.#names.isField(name) ? HIDDEN : this.value(value);
  }

  /** Returns an object with other values; the same object when none changed. */
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
