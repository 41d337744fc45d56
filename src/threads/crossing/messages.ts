import type { MessagePort, Transferable } from "node:worker_threads";
import type { StandInValue } from "../../app/dependency.ts";
import type { AppTarget } from "../../app/load/load.ts";
import type { LoadMistake } from "../../app/load/user-modules.ts";
import type { logLevels } from "../../app/log.ts";
import type { ResolvedSession } from "../../app/session.ts";
import type { ReadEnvironment } from "../../app/settings/environment.ts";
import type { InputSettings } from "../../app/settings/input-settings.ts";
import type { Resolved } from "../../app/settings/resolved.ts";
import type { ThreadPriority } from "../../app/settings/thread-settings.ts";
import type { EnqueueOptions } from "../../app/tasks/jobs.ts";
import type { DescribedError } from "../../errors/described-error.ts";
import type { EndedBy } from "../../operation/raw.ts";
import type { Board, RelayCount } from "./board.ts";
import type { LoadLock } from "./loading.ts";
import type { Crossed, Thrown } from "./values.ts";

/**
 * Memory shared by the pool and one thread: how much the event loop has taken of what the thread says beside its
 * results, modulo 2^32. See `flow.ts`.
 */
export type TakenCount = Int32Array<SharedArrayBuffer>;

/** Data that a thread is started with. Its first message says what it runs. */
export interface ThreadStart {
  readonly offloop: "thread";
  readonly port: MessagePort;
}

/** Memory that the pool shares with one thread. */
export interface SharedMemory {
  readonly board: Board;
  /** How much the loop has taken of what it says beside its results. */
  readonly taken: TakenCount;
  readonly loading: LoadLock;
}

/** The first message to a thread. */
export interface ThreadData extends SharedMemory, ThreadSetup {
  /** The variables of the main thread's environment, which the app may have set after the worker was started. */
  readonly variables: NodeJS.ProcessEnv;
  /** What the main thread has read from the environment. */
  readonly environment: ReadEnvironment;
}

/** What all threads of a pool are told alike. */
export interface ThreadSetup {
  /** Where the thread finds the app. */
  readonly target: AppTarget;
  /** What it runs: the whole app, or only its tasks, which are ready before the rest. */
  readonly part: "app" | "tasks";
  /** The ids of all that work; a call names its work by its index here. */
  readonly workIds: readonly string[];
  /** Which of the work has a deadline, in the same order. */
  readonly mayBeEnded: readonly boolean[];
  /** Values of dependencies that it starts with. */
  readonly given: GivenValues;
  /** Whether calls come wrapped with their trace. */
  readonly traced: boolean;
  /** Limits on what its operations read. */
  readonly inputs: Resolved<InputSettings>;
  /** The prefix before the served app's paths. */
  readonly rootPath: string;
  /** How sessions are kept; undefined when there are none. */
  readonly session: ResolvedSession | undefined;
  readonly logLevel: string;
  /** Whether what it writes to stdout and stderr becomes lines of the log. */
  readonly ownsOutput: boolean;
  /** 0 leaves it the process's. */
  readonly priority: ThreadPriority;
}

/** Calls for a thread, five fields each: slot, ticket, index of the work, payload, whether it is pinned. */
export type CallBatch = unknown[];
export const CALL_FIELDS = 5;

/** The pool's messages to a thread, apart from calls. */
export type Control =
  | { readonly cancelled: number; readonly by: EndedBy }
  | { readonly leave: true }
  /** Where it sends, from now on, what a long call has to say. */
  | { readonly relay: RelayWay };

/** A thread's way to the relay. */
export interface RelayWay {
  readonly port: MessagePort;
  readonly sent: RelayCount;
}

/** Results for the pool, four fields each: slot, start (of `sharedNow`), run time in milliseconds, outcome. */
export type ResultBatch = unknown[];
export const RESULT_FIELDS = 4;

/** A thread's first message: it is ready, or why not. */
export type Hello =
  | ThreadReady
  | { readonly missing: string[]; readonly extra: string[] }
  | { readonly failed: DescribedError; readonly mistake?: LoadMistake | undefined };

/** A thread has loaded the app. */
export interface ThreadReady {
  readonly ready: true;
  readonly kernelId: number | undefined;
  /** Why it has not become idle although it was to, if it has not. */
  notIdle?: string | undefined;
}

/** Everything a thread may send. */
export type ThreadMessage =
  | Hello
  | ResultBatch
  | { readonly log: LogLine }
  | { readonly unclosed: Thrown }
  | ProgressReport
  | AddedBindings
  | SyncEnqueue;

/**
 * A call that has run this long is a long one: what it sends from then on goes by the relay. Were it shorter, calls would
 * pay for that on full cores: those that compute 0.7 ms lost 7 % of their throughput, those that compute 3.4 ms 3 %.
 */
export const RELAY_AFTER_MS = 20;

/** A message on its way by the relay. */
export interface Relayed {
  /** Itself, or the port in whose queue it is: the loop's end of a channel, which it closes. */
  readonly message: ThreadMessage | MessagePort;
  readonly transfer: readonly Transferable[];
}

/** The relay's only message of its own: it runs, and passes on what it is given from now on. */
export interface RelayHello {
  readonly relaying: true;
}

/** The relay's own ends of a thread's link: what arrives at one leaves by the other. */
export interface RelayEnds {
  /** From a thread. */
  readonly from: MessagePort;
  /** To the event loop. */
  readonly to: MessagePort;
}

/** The progress that a call reports. */
export interface ProgressReport {
  readonly slot: number;
  readonly ticket: number;
  readonly progress: number;
}

/** Fields that a call adds to the log lines of what it runs for. */
export interface AddedBindings {
  readonly slot: number;
  readonly ticket: number;
  readonly bindings: Crossed;
}

/** A job to store while the thread waits. */
export interface SyncEnqueue {
  /** The task's name. */
  readonly enqueue: string;
  readonly args: readonly unknown[];
  readonly options: EnqueueOptions;
  /** The context that is active in the thread, for the job's trace. */
  readonly trace: unknown;
  /** The port that receives the outcome, a `TaskOutcome`. */
  readonly reply: MessagePort;
  /** Set and notified when the outcome has been sent. */
  readonly done: Int32Array;
}

/**
 * The value of a dependency, by its number in the list of all: made where the app is served, or supplied by a test. Or
 * the part of it that cannot cross.
 */
export type GivenValue = readonly [dependency: number, value: Crossed, refused?: StandInValue["refused"]];
export type GivenValues = readonly GivenValue[];

/** A log line on its way to the main thread. */
export interface LogLine {
  readonly level: (typeof logLevels)[number];
  readonly fields: Crossed;
  readonly message: string | undefined;
}

/** The payload of a call where something surrounds calls. */
export interface TracedPayload {
  /** The span it belongs to, packed by whatever surrounds calls. */
  readonly trace: unknown;
  /** The payload without the trace. */
  readonly payload: unknown;
}
