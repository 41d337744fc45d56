import type { CheckLimits } from "../../schema/details.ts";
import { flag } from "../flag.ts";
import { boundsOf, GiB, MiB } from "../integer.ts";
import type { Lane } from "../lane.ts";
import type { Resolved } from "./resolved.ts";

/** How requests are read and checked: limits, what JSON may stand for, and how much a 422 reports. */
export interface InputSettings {
  /**
   * Whether the values of JSON bodies and websocket messages are taken as they are, as in pydantic's strict mode:
   * `true`, `"7"` and `7.0` are no integers, and `1` is no boolean. Otherwise they are converted, as in pydantic's lax
   * mode. What JSON lacks comes from text, lists and objects either way: a `Date`, a `Set`, a `Map`, and a bigint from
   * an integer. URLs, headers, cookies and forms are text, and always converted. An operation's or websocket's own
   * `strictTypes` takes precedence. Default false.
   */
  readonly strictTypes?: boolean | undefined;
  /**
   * Largest body that the event loop parses, in bytes: the JSON or the urlencoded form of an async operation;
   * larger ones are answered with 413. An operation's own `maxBodyBytes` takes precedence. Integer,
   * 1-1,073,741,824. Default 1 MiB.
   */
  readonly maxLoopBodyBytes?: number | undefined;
  /**
   * Maximum number of values in a JSON body that the event loop parses; more are answered with 413. Integer,
   * 1-100,000,000. Default 50,000.
   */
  readonly maxLoopValues?: number | undefined;
  /**
   * Maximum number of values in a JSON body that a thread parses; more are answered with 413. Integer, 1-100,000,000.
   * Default 1,000,000.
   */
  readonly maxValues?: number | undefined;
  /**
   * How deeply lists and objects of a JSON body may be nested; deeper ones are answered with 422. Integer, 1-1,000.
   * Default 200.
   */
  readonly maxDepth?: number | undefined;
  /**
   * Maximum number of names in a query, and of fields in an urlencoded form; more are answered with 400. Integer,
   * 1-1,000,000. Default 1,000.
   */
  readonly maxNames?: number | undefined;
  /** How many mistakes one 422 lists; a final entry stands for the rest. Integer, 1-100,000. Default 100. */
  readonly maxMistakes?: number | undefined;
  /** How many characters of `input` each mistake shows; `…` stands for the rest. Integer, 0-1,048,576. Default 1,024. */
  readonly maxEchoedChars?: number | undefined;
}

/** The names of all these settings. */
export const inputSettingNames: Readonly<Record<keyof InputSettings, true>> = {
  strictTypes: true,
  maxLoopBodyBytes: true,
  maxLoopValues: true,
  maxValues: true,
  maxDepth: true,
  maxNames: true,
  maxMistakes: true,
  maxEchoedChars: true,
};

const MANY_VALUES = 100_000_000;

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for a value outside its range, or of another type. */
export function resolveInputs(inputs: InputSettings): Resolved<InputSettings> {
  const bound = boundsOf(inputs, "inputs.");
  return {
    strictTypes: flag("inputs.strictTypes", inputs.strictTypes) ?? false,
    maxLoopBodyBytes: bound("maxLoopBodyBytes", MiB, [1, GiB]),
    maxLoopValues: bound("maxLoopValues", 50_000, [1, MANY_VALUES]),
    maxValues: bound("maxValues", 1_000_000, [1, MANY_VALUES]),
    maxDepth: bound("maxDepth", 200, [1, 1_000]),
    maxNames: bound("maxNames", 1_000, [1, 1_000_000]),
    maxMistakes: bound("maxMistakes", 100, [1, 100_000]),
    maxEchoedChars: bound("maxEchoedChars", 1_024, [0, MiB]),
  };
}

/** Limits on what one lane reads of a request, and on how it reports mistakes. */
export interface InputBounds extends CheckLimits {
  readonly maxValues: number;
  readonly maxDepth: number;
  readonly maxNames: number;
}

/**
 * The limits that apply on a lane.
 *
 * @param strictTypes - What the operation says of itself.
 */
export function inputBounds(
  inputs: Resolved<InputSettings>,
  lane: Lane,
  strictTypes: boolean = inputs.strictTypes,
): InputBounds {
  const maxValues = lane === "thread" ? inputs.maxValues : inputs.maxLoopValues;
  return { ...inputs, lane, maxValues, strictTypes };
}
