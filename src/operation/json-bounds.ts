import type { InputBounds } from "../app/input-settings.ts";

/** A JSON text that is not to be parsed. */
export type Excess =
  /** Lists and objects stand too deep in each other; first at this byte. */
  { readonly kind: "depth"; readonly at: number } | { readonly kind: "values" };

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Counts the values of a JSON text before they are made: a parsed one costs up to a hundred times its two bytes, and what
 * stands a thousand deep ends the stack of whoever walks it. An empty list or object counts twice.
 *
 * @returns The number of values, or the bound that the text goes beyond.
 */
export function countValues(
  json: Uint8Array,
  { maxDepth, maxValues }: Pick<InputBounds, "maxDepth" | "maxValues">,
): number | Excess {
  let values = 1;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      for (at++; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
    } else if (byte === COMMA) {
      if (++values > maxValues) return { kind: "values" };
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > maxDepth) return { kind: "depth", at };
      if (++values > maxValues) return { kind: "values" };
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth--;
    }
  }
  return values;
}
