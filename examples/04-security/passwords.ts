import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";

// OWASP's figures for scrypt. A hash takes some 100 ms on purpose: plain functions, so that a task runs them on a thread.
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
const BYTES = 32;

/** What to store of a password: salt and hash. */
export function hashPassword(password: string): string {
  const salt = randomBytes(16);
  return [salt, scryptSync(password, salt, BYTES, cost)].map((part) => part.toString("base64url")).join(".");
}

/** Whether a password is the one that was stored. */
export function checkPassword(password: string, stored: string): boolean {
  const [salt, hash] = stored.split(".").map((part) => Buffer.from(part, "base64url"));
  if (salt === undefined || hash?.length !== BYTES) return false;
  return timingSafeEqual(scryptSync(password, salt, BYTES, cost), hash);
}
