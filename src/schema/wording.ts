import type { StandardSchemaV1 } from "@standard-schema/spec";

/**
 * What a library says of an issue; undefined where it says nothing, or fails at it. Some make their words only when they
 * are read: arktype sorts those of a union by the keys of the value, and throws at a key such as "constructor".
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
