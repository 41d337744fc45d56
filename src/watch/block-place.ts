import { readFileSync } from "node:fs";
import type { SourceMap } from "node:module";
import type { BlockPlace } from "../channels/channels.ts";
import { originalLine, originalPlace, readSourceMap } from "../errors/source-map.ts";
import type { ProfiledStack } from "./profile.ts";
import type { Frame } from "./sampler.ts";

/** Where a stack stands: in the user's code, and inside a package that it called. */
export interface StackPlaces {
  readonly at: BlockPlace | undefined;
  readonly within: BlockPlace | undefined;
}

const inPackage = /[\\/]node_modules[\\/]/;

/** The places of a stack that was seen. */
export function placesOf(frames: readonly Frame[], precision: BlockPlace["precision"]): StackPlaces {
  const { user, inner } = chooseFrames(frames);
  return {
    at: user && placeOf(located(user), precision),
    within: inner && placeOf(located(inner), precision),
  };
}

/**
 * The places of a stack that the profiler saw during a native call. It knows the line of the innermost function only;
 * that of its callers comes from what was seen when the call had returned, if they are the same functions.
 */
export function profiledPlaces(stack: ProfiledStack, after: readonly Frame[]): StackPlaces {
  const { user, inner } = chooseFrames(stack.frames);
  const place = (frame: Frame | undefined): BlockPlace | undefined => {
    if (frame === undefined) return undefined;
    const line = frame === stack.frames[0] ? lineIn(frame, stack.line) : undefined;
    const start = located(frame);
    if (line !== undefined) return { ...placeOf(start, "exact"), line, column: undefined };
    const same = after
      .map(located)
      .find((other) => other.file === start.file && other.functionName === start.functionName);
    return same === undefined ? placeOf(start, "function") : placeOf(same, "near");
  };
  return { at: place(user), within: place(inner) };
}

function chooseFrames(frames: readonly Frame[]): { user: Frame | undefined; inner: Frame | undefined } {
  const scripts = frames.filter(({ file, isOwn }) => !isOwn && !file.startsWith("node:"));
  const user = scripts.find(({ file }) => !inPackage.test(file));
  const [inner] = scripts;
  return { user, inner: inner === user ? undefined : inner };
}

function placeOf(
  { file, line, column, functionName }: Frame,
  precision: BlockPlace["precision"],
): BlockPlace {
  return { file, line, column, functionName, precision };
}

function lineIn(frame: Frame, line: number | undefined): number | undefined {
  const map = frame.mapped || line === undefined ? undefined : mapOf(frame.file);
  return map === undefined || line === undefined ? line : originalLine(line, map);
}

function located(frame: Frame): Frame {
  return frame.mapped ? frame : originalPlace(frame, mapOf(frame.file));
}

const maps = new Map<string, SourceMap | undefined>();

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(file));
  return maps.get(file);
}

function readMap(file: string): SourceMap | undefined {
  try {
    return readSourceMap(file, readFileSync(file, "utf8"));
  } catch {
    return undefined; // code without a file
  }
}
