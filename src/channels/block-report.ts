/** A stretch of time in which the event loop did not turn, and who kept it from turning. Milliseconds throughout. */
export interface BlockReport {
  /** When it began: milliseconds since 1970. */
  readonly startedAt: number;
  /** How long the loop did not turn. Time it would have slept anyway is not counted. */
  readonly durationMs: number;
  /**
   * What the main thread did meanwhile. `computing`: it used the CPU. `asleep`: it waited in a synchronous call.
   * `starved`: it was ready to run and other processes had the CPU; told apart from `asleep` on Linux only.
   */
  readonly state: "computing" | "asleep" | "starved";
  /** How much of it the main thread was on the CPU. */
  readonly cpuMs: number;
  /** How much of it garbage collection took. */
  readonly gcMs: number;
  /** Requests that came meanwhile and could not be read; counted by connection. */
  readonly waitedRequests: number;
  /** What was seen running, the one seen most often first. Empty when the watchdog could not look. */
  readonly culprits: readonly BlockCulprit[];
}

/** What was seen running while the event loop was blocked. */
export interface BlockCulprit {
  /** `GET /items/:item_id`, or `task resize`. Undefined: code that belongs to no operation. */
  readonly operation: string | undefined;
  /** The request it ran for, as in the log; undefined when that is not known. */
  readonly request: string | undefined;
  /** Whether it was seen at work. False: it was seen just after, and any of `candidates` may have been before it. */
  readonly certain: boolean;
  /** Operations in progress then, when it is not certain; else none. */
  readonly candidates: readonly string[];
  /** The innermost line of the user's own code; undefined when it is not known. */
  readonly at: BlockPlace | undefined;
  /** The innermost line in an installed package, when `at` called into one. */
  readonly within: BlockPlace | undefined;
  /** How often it was seen. */
  readonly samples: number;
}

/** A place in source code where the event loop was blocked. */
export interface BlockPlace {
  /** Absolute path of the source file: the TypeScript one where there is a source map. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1; undefined when only the line is known. */
  readonly column: number | undefined;
  /** The function's name, if it has one. */
  readonly functionName: string | undefined;
  /**
   * `exact`: this line. `near`: this line, or a native call that returned just before it. `function`: the line is that
   * of the function, which blocked somewhere inside.
   */
  readonly precision: "exact" | "near" | "function";
}
