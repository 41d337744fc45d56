import { type LibraryIssue, wordingOf } from "./library-issue.ts";
import { isOwnRule } from "./own-rule.ts";
import type { Shape } from "./shape.ts";

const names: Readonly<Record<string, string>> = {
  int: "int_type",
  integer: "int_type",
  bigint: "int_type",
  number: "float_type",
  boolean: "bool_type",
  string: "string_type",
  date: "datetime_type",
  array: "list_type",
  set: "set_type",
  tuple: "tuple_type",
  map: "dict_type",
  record: "dict_type",
  object: "model_attributes_type",
};

/**
 * FastAPI's name for a value of the wrong type, `int_type`; undefined when an issue says something else, or leaves open
 * which of several types is meant.
 */
export function wrongTypeName(
  issue: LibraryIssue,
  value: unknown,
  shape: Shape | undefined,
): string | undefined {
  if (!concernsType(issue) || (shape !== undefined && isOwnRule(issue, value, shape))) return undefined;
  if (issue.type === "integer") return names.int; // valibot: its message names what it received only
  const expected = wordingOf(issue, "expected")?.toLowerCase() ?? "";
  const word = expected.replace(/^an? /, "").replace(/ or null$/, "");
  if (arktypeUnions.has(issue.code) && shape?.takesBooleans === true) return names.boolean;
  // No library says which item of a set it has refused.
  const place = Array.isArray(value) ? shape?.at(0) : shape;
  if (word === "number" && place?.takesIntegers === true) return names.int;
  if (word === "date" && typeof value === "string") return "datetime_parsing";
  return Object.hasOwn(names, word) ? names[word] : undefined;
}

/** What arktype says of a union, which a boolean is, too. */
const arktypeUnions = new Set<unknown>(["union", "predicate"]);

const typeCodes = new Set<unknown>(["invalid_type", "domain", "proto", "divisor", ...arktypeUnions]);

function concernsType({ code, kind, type }: LibraryIssue): boolean {
  return kind === "schema" || (kind === "validation" && type === "integer") || typeCodes.has(code);
}
