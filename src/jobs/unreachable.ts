import { OffloopError } from "../errors/offloop-error.ts";
import { isUnreachable } from "./refusals.ts";
import type { JobStore } from "./store.ts";

/** When a client may try again: a database that restarts is back within some seconds. */
const RETRY_AFTER_S = 5;

/**
 * The same store for what requests ask of it: if its database is away, it throws an error with a code, which is answered
 * with 503 instead of 500.
 */
export function explained(store: JobStore): JobStore {
  return new Proxy(store, {
    get: (_, name) => {
      const own: unknown = Reflect.get(store, name);
      if (typeof own !== "function") return own;
      return (...args: unknown[]): unknown => {
        const result: unknown = own.apply(store, args);
        return result instanceof Promise ? result.catch(explain) : result;
      };
    },
  });
}

function explain(error: unknown): never {
  if (!isUnreachable(error)) throw error;
  const { message, code } = error as Error & { code?: string };
  throw new OffloopError(
    "OFFLOOP_JOBS_UNREACHABLE",
    `Cannot reach the database of the jobs: ${message || (code ?? "it gave no reason")}`,
    {
      fix: "see that the server of DATABASE_URL (or jobs.url) runs; it is tried again with each call",
      cause: error,
      retryAfterS: RETRY_AFTER_S,
    },
  );
}
