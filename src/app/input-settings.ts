import type { CheckLimits } from "../schema/details.ts";

/** Bounds on what is read and checked of a request, and on how much a 422 says. */
export interface InputSettings {
  /**
   * Largest body that the event loop parses, in bytes: the JSON or the urlencoded form of an async operation; past it 413.
   * An operation's own `maxBodyBytes` wins. Integer, 1-1,073,741,824. Default 1 MiB.
   */
  readonly maxLoopBodyBytes?: number;
  /** Values in a JSON body that the event loop parses; past it 413. Integer, 1-100,000,000. Default 50,000. */
  readonly maxLoopValues?: number;
  /** Values in a JSON body that a thread parses; past it 413. Integer, 1-100,000,000. Default 1,000,000. */
  readonly maxValues?: number;
  /** How deep lists and objects of a JSON body may stand in each other; past it 422. Integer, 1-1,000. Default 200. */
  readonly maxDepth?: number;
  /** Names in a query, and fields in an urlencoded form; past it 400. Integer, 1-1,000,000. Default 1,000. */
  readonly maxNames?: number;
  /** Mistakes that one 422 lists; what is left out shows as a last one. Integer, 1-100,000. Default 100. */
  readonly maxMistakes?: number;
  /** Characters of `input` of each mistake; what is left out shows as `…`. Integer, 0-1,048,576. Default 1,024. */
  readonly maxEchoedChars?: number;
}

/** What one lane reads of a request, and tells of its mistakes. */
export interface InputBounds extends CheckLimits {
  readonly maxValues: number;
  readonly maxDepth: number;
  readonly maxNames: number;
}

/** The bounds that hold on a lane. */
export function inputBounds(inputs: Required<InputSettings>, lane: "loop" | "thread"): InputBounds {
  return { ...inputs, lane, maxValues: lane === "thread" ? inputs.maxValues : inputs.maxLoopValues };
}
