import { createHash } from "node:crypto";
import { formatJobId, parseJobId } from "./job-id.ts";
import type { JobRef, Notice } from "./store.ts";

/**
 * The channel on which pg-boss announces which queue received a job. Ours go there too, since each channel costs a
 * connection. Each of ours begins with a space, which no queue's name contains.
 */
export function noticeChannel(schema: string): string {
  return `pgboss_${createHash("sha224").update(schema).digest("hex").slice(0, 24)}`;
}

/** A notice as text; `enqueued` is announced by pg-boss itself. */
export function formatNotice(notice: Exclude<Notice, { kind: "enqueued" }>): string {
  // The id comes last: a task's name may contain spaces.
  return ` ${notice.kind}${detailOf(notice)} ${formatJobId(notice)}`;
}

function detailOf(notice: Exclude<Notice, { kind: "enqueued" }>): string {
  if (notice.kind === "progress") return ` ${notice.value}`;
  return notice.kind === "cancelled" ? ` ${notice.takes ?? NO_ATTEMPT}` : "";
}

const NO_ATTEMPT = "-";

/** A notice that means nothing: the process that has sent it sees whether it arrives, all others pass over it. */
export function formatTrial(uuid: string): string {
  return ` trial ${uuid}`;
}

/** @param taskOf - Returns the task that a queue belongs to. */
export function parseNotice(text: string, taskOf: (queue: string) => string): Notice | undefined {
  if (!text.startsWith(" ")) return { kind: "enqueued", task: taskOf(text) };
  const [, value, takes, id = ""] =
    /^ (?:progress ([\d.e-]+)|cancelled (\d+|-)|changed) (.*)$/s.exec(text) ?? [];
  const job = parseJobId(id);
  if (job === undefined) return undefined;
  if (value !== undefined) return { kind: "progress", ...job, value: Number(value) };
  if (takes === undefined) return { kind: "changed", ...job };
  return { kind: "cancelled", ...job, takes: takes === NO_ATTEMPT ? undefined : Number(takes) };
}

type OnNotice = (notice: Notice) => void;

/** Passes notices on to its listeners. */
export class NoticeBoard {
  readonly #listeners = new Set<OnNotice>();

  /** @returns Stops listening. */
  listen(onNotice: OnNotice): () => void {
    this.#listeners.add(onNotice);
    return () => void this.#listeners.delete(onNotice);
  }

  tell(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }
}

/** Whether a notice is about a job. */
export function isAbout(notice: Notice, { task, uuid }: JobRef): boolean {
  return notice.kind !== "enqueued" && notice.uuid === uuid && notice.task === task;
}
