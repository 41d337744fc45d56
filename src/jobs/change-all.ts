import type { JobFilter, JobRef, JobStore } from "./store.ts";

/** How many jobs are read at once. */
export const PAGE = 200;
/** How many are changed at once: each is a transaction of its own, and has a connection meanwhile. */
const AT_ONCE = 5;

/** Which jobs to change: all in a state. */
export type Chosen = Pick<JobFilter, "task" | "key"> & Required<Pick<JobFilter, "state">>;

/**
 * Changes every job that is in a state, page by page, and each once: one that comes back to the state meanwhile, as a
 * dead one that dies again, is left. One that cannot be changed is passed over.
 *
 * @param change - Changes a job. Returns whether there was something to change.
 * @returns How many were changed.
 */
export async function changeAll(
  store: Pick<JobStore, "list" | "find">,
  chosen: Chosen,
  change: (job: JobRef) => Promise<boolean>,
): Promise<number> {
  const seen = new Set<string>();
  let changed = 0;
  let after: JobRef | undefined;
  for (;;) {
    const page = await store.list({ ...chosen, after, limit: PAGE });
    const stayed = page.filter(({ uuid }) => seen.has(uuid));
    const fresh = page.filter(({ uuid }) => !seen.has(uuid));
    for (const job of fresh) seen.add(job.uuid);
    for (let from = 0; from < fresh.length; from += AT_ONCE) {
      const some = fresh.slice(from, from + AT_ONCE);
      const done = await Promise.all(some.map((job) => change(job)));
      changed += done.filter(Boolean).length;
      stayed.push(...some.filter((_, index) => !done[index]));
    }
    if (page.length === PAGE) after = stayed.at(-1) ?? after;
    else if (after === undefined || (await store.find(after))?.state === chosen.state) return changed;
    else after = undefined; // it has left the state, and nothing comes after it any more: from the beginning
  }
}
