import type { JobId } from "../app/jobs.ts";
import type { JobRef } from "./store.ts";

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id that users see. In a URL it is one segment, as it stands. */
export function formatJobId<Result = unknown>({ task, uuid }: JobRef): JobId<Result> {
  return `${task}:${uuid}` as JobId<Result>;
}

/** The job that an id refers to; undefined when the id is invalid. A task's name may itself contain colons. */
export function parseJobId(id: string): JobRef | undefined {
  const at = id.lastIndexOf(":");
  const uuid = id.slice(at + 1);
  return at > 0 && uuidPattern.test(uuid) ? { task: id.slice(0, at), uuid } : undefined;
}
