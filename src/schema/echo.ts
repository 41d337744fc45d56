import type { Shape } from "./shape.ts";

/** Marks where something was left out. */
const CUT = "…";

/**
 * What was sent, as a mistake shows it: cut to a maximum of characters; for a file, a description instead of its path;
 * and null for what holds a secret.
 *
 * @param maxChars - Approximate characters of JSON. What exceeds them ends in `…`: a text, a list, the keys of an
 * object.
 * @param shape - What the schema says about the value; undefined when it says nothing.
 */
export function echoed(value: unknown, maxChars: number, shape: Shape | undefined): unknown {
  const echo = new Echo(maxChars);
  const copy = echo.copy(value, shape);
  return echo.holdsSecret ? null : copy;
}

class Echo {
  holdsSecret = false;
  #left: number;

  constructor(maxChars: number) {
    this.#left = maxChars;
  }

  copy(value: unknown, shape: Shape | undefined): unknown {
    if (value != null && shape?.isSecret) this.holdsSecret = true;
    if (typeof value === "string") return this.#text(value);
    if (value === null || typeof value !== "object") {
      this.#left -= 8;
      return value;
    }
    this.#left -= 2;
    if (Array.isArray(value)) return this.#list(value, shape);
    if (value instanceof File) return { name: value.name, type: value.type, size: value.size };
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype ? this.#object(value, shape) : value;
  }

  #text(text: string): string {
    const shown = Math.max(0, this.#left);
    this.#left -= text.length + 3;
    return text.length <= shown ? text : text.slice(0, shown) + CUT;
  }

  #list(list: readonly unknown[], shape: Shape | undefined): unknown[] {
    const copy: unknown[] = [];
    for (const [index, item] of list.entries()) {
      if (this.#left <= 0) {
        copy.push(CUT);
        break;
      }
      copy.push(this.copy(item, shape?.at(index)));
    }
    return copy;
  }

  #object(object: object, shape: Shape | undefined): object {
    const copy: Record<string, unknown> = {};
    for (const key in object) {
      if (this.#left <= 0) {
        copy[CUT] = CUT;
        break;
      }
      this.#left -= key.length + 3;
      const value = this.copy((object as Record<string, unknown>)[key], shape?.at(key));
      // A client may send `__proto__`, which is a name like any other.
      if (key === "__proto__") Object.defineProperty(copy, key, { value, enumerable: true });
      else copy[key] = value;
    }
    return copy;
  }
}
