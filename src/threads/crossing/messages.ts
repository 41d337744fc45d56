import type { MessagePort } from "node:worker_threads";
import type { StandInValue } from "../../app/dependency.ts";
import type { ReadEnvironment } from "../../app/environment.ts";
import type { InputSettings } from "../../app/input-settings.ts";
import type { EnqueueOptions } from "../../app/jobs.ts";
import type { AppTarget } from "../../app/load.ts";
import type { logLevels } from "../../app/log.ts";
import type { ResolvedSession } from "../../app/session.ts";
import type { DescribedError } from "../../errors/described-error.ts";
import type { Board } from "./board.ts";
import type { Crossed } from "./values.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly offloop: "thread";
  readonly port: MessagePort;
  readonly board: Board;
  /** Where it finds the app. */
  readonly target: AppTarget;
  /** What it runs: all of the app, or its tasks alone, which is there before the rest. */
  readonly part: "app" | "tasks";
  /** All of that work, by name; a call names its work by its index here. */
  readonly workIds: readonly string[];
  /** Which of it has a deadline, in the same order. */
  readonly mayBeEnded: readonly boolean[];
  /** What the main thread has read of the environment. */
  readonly environment: ReadEnvironment;
  /** Values of dependencies that it is started with. */
  readonly given: GivenValues;
  /** Whether what calls carry has its trace around it. */
  readonly traced: boolean;
  /** Bounds on what its operations read. */
  readonly inputs: Required<InputSettings>;
  /** How sessions are kept; undefined when none are. */
  readonly session: ResolvedSession | undefined;
  readonly logLevel: string;
  /** Whether what it writes to stdout and stderr becomes lines of the log. */
  readonly ownsOutput: boolean;
  /** Its nice value; 0 leaves the process's. */
  readonly priority: number;
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

/** Everything a thread says. */
export type ThreadMessage = Hello | ResultBatch | { readonly log: LogLine } | ProgressReport | SyncEnqueue;

/** How far a call says it is. */
export interface ProgressReport {
  readonly slot: number;
  readonly ticket: number;
  readonly progress: number;
}

/** A job to be stored while the thread waits for it. */
export interface SyncEnqueue {
  /** The task's name. */
  readonly enqueue: string;
  readonly args: readonly unknown[];
  readonly options: EnqueueOptions;
  /** What is active in the thread, for the trace of the job. */
  readonly trace: unknown;
  /** Where the outcome goes: a `TaskOutcome`. */
  readonly reply: MessagePort;
  /** Set and notified when the outcome has been sent. */
  readonly done: Int32Array;
}

/**
 * The value of a dependency, by its number in the list of all: made where the app is served, or given by a test; or what
 * of it cannot cross.
 */
export type GivenValue = readonly [dependency: number, value: Crossed, refused?: StandInValue["refused"]];
export type GivenValues = readonly GivenValue[];

/** A line of the log on its way to the main thread. */
export interface LogLine {
  readonly level: (typeof logLevels)[number];
  readonly fields: Crossed;
  readonly message: string | undefined;
}

/** What a call carries where something stands around calls. */
export interface TracedPayload {
  /** The span it belongs to, packed by what stands around calls. */
  readonly trace: unknown;
  /** What it carries anyway. */
  readonly payload: unknown;
}
