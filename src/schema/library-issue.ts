import type { StandardSchemaV1 } from "@standard-schema/spec";

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
