import { counted } from "../errors/counted.ts";
import { describeError } from "../errors/described-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { JobFilter, JobRef, JobStore } from "./store.ts";

/** How many jobs are found at once, and changed in one transaction. */
export const BATCH = 500;

/** Which jobs to change: all in a state. */
export type Chosen = Pick<JobFilter, "task" | "key"> & Required<Pick<JobFilter, "state">>;

/**
 * What is to be done with them.
 *
 * @param many - Changes several. Adds the uuids of those that there was something to change of, also where it then fails.
 */
export interface ChangeOfMany {
  readonly verb: "cancel" | "retry";
  many(jobs: readonly JobRef[], changed: Set<string>): Promise<void>;
}

/**
 * Changes every job that is in a state, batch by batch, and each once: one that comes back to the state meanwhile, as a
 * dead one that dies again, is left. One that cannot be changed is passed over.
 *
 * @returns How many were changed.
 * @throws {OffloopError} `OFFLOOP_JOBS_UNFINISHED` when it fails after some were changed.
 */
export async function changeAll(
  store: Pick<JobStore, "listRefs" | "find">,
  chosen: Chosen,
  change: ChangeOfMany,
): Promise<number> {
  const seen = new Set<string>();
  let changed = 0;
  let after: JobRef | undefined;
  try {
    for (;;) {
      const batch = await store.listRefs({ ...chosen, after, limit: BATCH });
      const fresh = batch.filter(({ uuid }) => !seen.has(uuid));
      for (const { uuid } of fresh) seen.add(uuid);
      const done = new Set<string>();
      try {
        if (fresh.length > 0) await change.many(fresh, done);
      } finally {
        changed += done.size;
      }
      if (batch.length === BATCH) after = batch.findLast(({ uuid }) => !done.has(uuid)) ?? after;
      else if (after === undefined || (await store.find(after))?.state === chosen.state) return changed;
      else after = undefined; // it has left the state, and nothing comes after it any more: from the beginning
    }
  } catch (error) {
    throw changed === 0 ? error : unfinished(error, { ...change, changed, state: chosen.state });
  }
}

/** Whoever asked should know that some are done, and that it is safe to ask again. */
function unfinished(
  cause: unknown,
  { verb, changed, state }: Pick<ChangeOfMany, "verb"> & Pick<Chosen, "state"> & { readonly changed: number },
): OffloopError {
  const done = verb === "retry" ? "will run" : changed === 1 ? "is cancelled" : "are cancelled";
  return new OffloopError(
    "OFFLOOP_JOBS_UNFINISHED",
    `Cannot ${verb} all jobs in the state "${state}": ${counted(changed, "job")} ${done}, and then: ${describeError(cause).message.split("\n")[0]}`,
    {
      fix: `${verb} them again: those that are done are no longer in the state`,
      cause,
      retryAfterS: cause instanceof OffloopError ? cause.retryAfterS : undefined,
    },
  );
}
