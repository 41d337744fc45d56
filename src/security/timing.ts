import { timingSafeEqual as equalBytes, hash } from "node:crypto";

/**
 * Whether two secrets are equal, found in a time that tells nothing about where they differ, nor how long they are.
 * Python's `secrets.compare_digest`, for text of any length.
 *
 * @param a - One secret.
 * @param b - The other.
 * @returns Whether they are the same text.
 * @example
 * ```ts
 * import { timingSafeEqual } from "offloop/security";
 *
 * console.log(timingSafeEqual("secret", process.env.PASSWORD ?? ""));
 * ```
 */
export function timingSafeEqual(a: string, b: string): boolean {
  return equalBytes(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}
