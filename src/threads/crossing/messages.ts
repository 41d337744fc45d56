import type { MessagePort, ResourceLimits } from "node:worker_threads";
import type { logLevels } from "../../app/context.ts";
import type { InputSettings } from "../../app/input-settings.ts";
import type { AppTarget } from "../../app/load.ts";
import type { DescribedError } from "../../errors/described-error.ts";
import type { PackedContext } from "../../tracing/tracing.ts";
import type { Board } from "./board.ts";

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

/** Values of dependencies, by their place in the list of all: made where the app is served, or given by a test. */
export type GivenValues = readonly (readonly [dependency: number, value: unknown])[];

/** What a thread is made of. */
export interface ThreadOptions {
  readonly target: AppTarget;
  readonly workIds: readonly string[];
  /** Which of it has a deadline, in the same order. */
  readonly mayBeEnded: readonly boolean[];
  /** Values of dependencies that it is started with. */
  readonly given: GivenValues;
  /** Whether what calls carry has its trace around it. */
  readonly traced: boolean;
  /** Bounds on what its operations read. */
  readonly inputs: Required<InputSettings>;
  readonly resourceLimits: ResourceLimits;
  readonly logLevel: string;
  readonly onLog: (line: LogLine) => void;
}

/** A line of the log on its way to the main thread. */
export interface LogLine {
  readonly level: (typeof logLevels)[number];
  readonly fields: object;
  readonly message: string | undefined;
}

/** What a call carries where runs are traced. */
export interface TracedPayload {
  /** The span it belongs to. */
  readonly trace: PackedContext;
  /** What it carries anyway. */
  readonly payload: unknown;
}

/** What a call carries besides its trace. */
export function untraced(payload: unknown): unknown {
  return typeof payload === "object" && payload !== null && "trace" in payload
    ? (payload as TracedPayload).payload
    : payload;
}
