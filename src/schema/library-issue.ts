import type { StandardSchemaV1 } from "@standard-schema/spec";

/**
 * A library's wording for an issue; undefined where there is none, or producing it fails. Some libraries produce it
 * only when it is read: arktype sorts those of a union by the keys of the value, and throws at a key such as
 * "constructor".
 */
export function wordingOf(
  issue: StandardSchemaV1.Issue,
  field: "message" | "problem" | "expected",
): string | undefined {
  try {
    const words = (issue as unknown as Readonly<Record<string, unknown>>)[field];
    return typeof words === "string" ? words : undefined;
  } catch {
    return undefined;
  }
}
