import { findSourceMap } from "node:module";
import type { CodePosition } from "../errors/code-position.ts";
import { isOwnScript } from "../errors/own-code.ts";
import { shownPosition } from "../errors/shown-position.ts";
import { loadedMap, originalPosition, scriptPath } from "../errors/source-map.ts";
import { markNames, marks, runs } from "./marks.ts";
import { clockMs } from "./shared-words.ts";

/** A call on the stack. Lines and columns count from 1. */
export interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly functionName: string | undefined;
  /** Whether the position is in the source already, rather than in code generated from it. */
  readonly mapped: boolean;
  /** Whether it is offloop's own code. */
  readonly isOwn: boolean;
  /** Whether it is not running, but awaits the call inside it. */
  readonly isAwaiting: boolean;
}

/** What is running at one moment. */
export interface Sight {
  readonly at: number;
  readonly operation: string | undefined;
  readonly request: string | undefined;
  /**
   * How long its run has existed, or, where known, how long it has been running since it last awaited; undefined
   * outside of any run.
   */
  readonly ranMs: number | undefined;
  /** How many runs of the operation are in progress. */
  readonly peers: number;
  /** How long the loop waited for events since its last beat. */
  readonly idleMs: number;
  /** Innermost first; after the synchronous calls come those that await them. */
  readonly frames: readonly Frame[];
}

const MAX_FRAMES = 40;

/**
 * Looks at what is running. V8 calls it on an interrupt, on top of the blocking code, whose stack and async store it
 * sees. It must not wait, schedule anything or throw.
 *
 * @param asked - The function that V8 called: it is not part of what it interrupts.
 */
export function look(asked: () => unknown, idleMs: number): Sight {
  const run = runs.getStore();
  return {
    at: clockMs(),
    operation: run && markNames()[run.mark],
    request: run?.request,
    ranMs: run && performance.now() - run.at,
    peers: run === undefined ? 0 : (marks[run.mark] as number),
    idleMs,
    frames: callSites(asked).flatMap(frameOf),
  };
}

function callSites(below: () => unknown): NodeJS.CallSite[] {
  const { stackTraceLimit, prepareStackTrace } = Error;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  Error.stackTraceLimit = MAX_FRAMES;
  Error.prepareStackTrace = (_error, sites) => sites;
  try {
    Error.captureStackTrace(holder, below);
    return holder.stack ?? [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

function frameOf(site: NodeJS.CallSite): Frame[] {
  const script = site.getScriptNameOrSourceURL();
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()];
  if (!script || line === null || column === null) return [];
  const place = { file: scriptPath(script), line, column };
  const functionName = site.getFunctionName() ?? undefined;
  return [
    { ...mappedHere(place, script), functionName, isOwn: isOwnScript(script), isAwaiting: site.isAsync() },
  ];
}

/**
 * A position in the source, if this process can determine it; otherwise the watchdog looks for a
 * source map next to the code.
 */
export function mappedHere(place: CodePosition, script: string): CodePosition & Pick<Frame, "mapped"> {
  if (process.sourceMapsEnabled)
    return { ...originalPosition(place, loadedMap(findSourceMap(script), place.file)), mapped: true };
  const shown = shownPosition(place);
  return { ...shown, mapped: shown.line !== place.line || shown.file !== place.file };
}
