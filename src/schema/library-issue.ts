import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { JsonSchema } from "./json-schema.ts";
import type { Shape } from "./shape.ts";

/** What libraries add to the standard's issue: the kind of mistake, each by names of its own; zod also the extra keys. */
export type LibraryIssue = StandardSchemaV1.Issue & {
  readonly code?: unknown;
  readonly kind?: unknown;
  readonly type?: unknown;
  readonly keys?: unknown;
  readonly discriminator?: unknown;
  readonly problem?: unknown;
  readonly expected?: unknown;
};

/**
 * A library's wording for an issue; undefined where there is none, or producing it fails. Some libraries produce it
 * only when it is read: arktype sorts those of a union by the keys of the value, and throws at a key such as
 * "constructor".
 */
export function wordingOf(
  issue: LibraryIssue,
  field: "message" | "problem" | "expected",
): string | undefined {
  try {
    const words = issue[field];
    return typeof words === "string" ? words : undefined;
  } catch {
    return undefined;
  }
}

const ownRules = new Set<unknown>([
  "custom", // zod: refine, custom, and what preprocess and transform add; valibot: custom
  ...["check", "check_items", "partial_check", "raw_check", "raw_transform"], // valibot
]);

/**
 * Whether a rule of the user's own has refused a value. It has seen the value as it was sent, and what it refuses is not
 * to be converted until it fits: pydantic does not either when a `BeforeValidator` raises.
 *
 * Where the rule is that of one alternative of a union, pydantic goes on to convert the value for the others. Here that
 * happens where the library reports the union, with what each alternative has refused. Where it reports the rule alone,
 * nothing tells it from a rule on the whole union, which has to be obeyed.
 */
export function isOwnRule({ code, type }: LibraryIssue, value: unknown, { alternatives }: Shape): boolean {
  if (ownRules.has(code) || ownRules.has(type)) return true;
  // arktype has one code for narrow(), and for a value whose type is none of a union's.
  return code === "predicate" && alternatives.some((json) => hasType(value, json));
}

function hasType(value: unknown, { type }: JsonSchema): boolean {
  if (value === null) return type === "null";
  if (typeof value === "number") return type === "number" || type === "integer";
  return type === (Array.isArray(value) ? "array" : typeof value);
}
