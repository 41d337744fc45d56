import type { SentCredentials } from "./scheme.ts";

/** What an Authorization header says: a scheme, and what comes with it. */
export interface AuthorizationCredentials {
  /** The scheme as it was sent: `Bearer`, `bearer`. */
  readonly scheme: string;
  /** What follows the scheme. */
  readonly credentials: string;
}

/** The Authorization header when it is of a scheme, written in any case, and has credentials. */
export function readAuthorization(
  { headers }: SentCredentials,
  expected: string,
): AuthorizationCredentials | undefined {
  const [, scheme, credentials] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(headers.get("authorization") ?? "") ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  return scheme.toLowerCase() === expected ? { scheme, credentials } : undefined;
}
