import type { JobId } from "../app/tasks/jobs.ts";
import type { JobRef } from "./store.ts";

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The id that users see: one segment of a URL and one word of a command line, as it stands. What could not be there of
 * a task's name is written in hexadecimal, each byte of its UTF-8 after a tilde. It is no percent sign, since a router
 * would decode that, and nobody could tell whether one has.
 */
export function formatJobId<Result = unknown>({ task, uuid }: JobRef): JobId<Result> {
  return `${task.replaceAll(/[^\w.:-]/gu, escaped)}:${uuid}` as JobId<Result>;
}

/** The job that an id refers to; undefined when the id is invalid. A task's name may itself contain colons. */
export function parseJobId(id: string): JobRef | undefined {
  const at = id.lastIndexOf(":");
  const uuid = id.slice(at + 1);
  if (at <= 0 || !uuidPattern.test(uuid)) return undefined;
  return { task: id.slice(0, at).replaceAll(/(?:~[0-9A-F]{2})+/g, unescaped), uuid };
}

function escaped(character: string): string {
  return Buffer.from(character).toString("hex").toUpperCase().replaceAll(/../g, "~$&");
}

function unescaped(bytes: string): string {
  return Buffer.from(bytes.replaceAll("~", ""), "hex").toString();
}
