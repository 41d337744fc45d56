import type { JobRef } from "./store.ts";

declare const resultOf: unique symbol;

/** The id of a job, which knows the type of the job's result. It holds the task's name, so that a job is found without a search. */
export type JobId<Result = unknown> = string & { readonly [resultOf]?: Result };

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id that users see. */
export function formatJobId({ task, uuid }: JobRef): JobId {
  return `${task}/${uuid}` as JobId;
}

/** The job that an id means; undefined when it is none. A task's name may have slashes of its own. */
export function parseJobId(id: string): JobRef | undefined {
  const at = id.lastIndexOf("/");
  const uuid = id.slice(at + 1);
  return at > 0 && uuidPattern.test(uuid) ? { task: id.slice(0, at), uuid } : undefined;
}
