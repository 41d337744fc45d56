import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";

// OWASP's figures for scrypt. A hash takes some 100 ms on purpose: plain functions, so that a task runs them on a thread.
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
const BYTES = 32;

/** What to store for a password: salt and hash. */
export function hashPassword(password: string): string {
  const salt = randomBytes(16);
  return [salt, scryptSync(password, salt, BYTES, cost)].map((part) => part.toString("base64url")).join(".");
}

/** Whether a password matches the stored one. If none is stored it is wrong, and takes just as long to find out. */
export function checkPassword(password: string, stored = ""): boolean {
  const [salt = Buffer.alloc(0), hash] = stored.split(".").map((part) => Buffer.from(part, "base64url"));
  const found = scryptSync(password, salt, BYTES, cost);
  return hash?.length === BYTES && timingSafeEqual(found, hash);
}
