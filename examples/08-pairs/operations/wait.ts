import { createHash } from "node:crypto";
import { threadId } from "node:worker_threads";
import { z } from "zod";

/** The input of every operation here: how long to wait. */
export const wait = { query: { seconds: z.number().min(0).max(60).default(3) } };

/** Where an operation ran. */
export interface RanOn {
  readonly thread: number;
}

export function ranHere(): RanOn {
  return { thread: threadId };
}

/** Computes for this long, as an app would with what it fetched. */
export function compute(text: string, seconds: number): string {
  const end = performance.now() + seconds * 1000;
  let digest = text;
  do digest = createHash("sha256").update(digest).digest("hex");
  while (performance.now() < end);
  return digest;
}
