import type { MessagePort } from "node:worker_threads";
import type { DescribedError } from "../errors/described-error.ts";
import type { Board } from "./board.ts";
import type { ThreadOptions } from "./thread-options.ts";

/** What a thread is started with. */
export interface ThreadData
  extends Pick<
    ThreadOptions,
    "target" | "workIds" | "mayBeEnded" | "given" | "traced" | "inputs" | "logLevel"
  > {
  readonly offloop: "thread";
  readonly port: MessagePort;
  readonly board: Board;
}

/** Calls for a thread, four fields each: slot, ticket, index of the work, payload. */
export type CallBatch = unknown[];
export const CALL_FIELDS = 4;

/** What the pool says to a thread besides calls. */
export type Control = { readonly cancelled: number } | { readonly leave: true };

/** Results for the pool, four fields each: slot, start (of `sharedNow`), run time in milliseconds, outcome. */
export type ResultBatch = unknown[];
export const RESULT_FIELDS = 4;

/** A thread's first message: ready, or why not. */
export type Hello =
  | { readonly ready: true }
  | { readonly missing: string[]; readonly extra: string[] }
  | { readonly failed: DescribedError };
