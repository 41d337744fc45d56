import { readFileSync } from "node:fs";
import type { BlockCulprit, BlockPlace } from "../channels/channels.ts";
import type { SourcePositions } from "../errors/code-position.ts";
import { originalPosition, readSourceMap } from "../errors/source-map.ts";
import { isOneOfMany, isSure, type Sighting, TAIL_MS } from "./block.ts";
import type { ProfiledStack, Timeline } from "./profile.ts";
import type { Frame } from "./sampler.ts";

/** Judges what blocked the loop from what was seen; the one seen most often comes first. */
export function judge(
  sightings: readonly Sighting[],
  blockEnd: number,
  timeline: Timeline | undefined,
): BlockCulprit[] {
  // Anything in progress at some look may have been running between two looks, and so may work that has outlived its
  // deadline, which is seen without being counted.
  const names = sightings.flatMap(({ inProgress, sight }) => [...inProgress, sight.operation ?? []].flat());
  const suspects = [...new Set(names)];
  const culprits = new Map<string, BlockCulprit>();
  const during = duringBlock(sightings, blockEnd);
  for (const sighting of during) {
    const seen = isSure(sighting, blockEnd)
      ? seenAtWork(sighting, isSeenAgain(sighting, during))
      : seenAfterwards(sighting, suspects, timeline);
    const key = JSON.stringify([seen.operation, seen.request, seen.certain, seen.at]);
    const known = culprits.get(key);
    culprits.set(key, known === undefined ? seen : { ...known, samples: known.samples + 1 });
  }
  return inCrowd(resolved([...culprits.values()])).sort((a, b) => b.samples - a.samples);
}

/** Where one look is certain of a request, another that found only the same request adds to it: it is no second suspect. */
function resolved(culprits: readonly BlockCulprit[]): BlockCulprit[] {
  const isSame = (one: BlockCulprit, other: BlockCulprit): boolean =>
    one.request !== undefined && one.request === other.request && one.operation === other.operation;
  const certain = (one: BlockCulprit): BlockCulprit | undefined =>
    one.certain ? one : culprits.find((other) => other.certain && isSame(one, other));
  const doubts = culprits.filter((one) => certain(one) !== undefined && !one.certain);
  return culprits.flatMap((one) => {
    if (doubts.includes(one)) return [];
    const added = doubts.filter((doubt) => certain(doubt) === one);
    return [{ ...one, samples: added.reduce((sum, { samples }) => sum + samples, one.samples) }];
  });
}

/** Several requests of one operation, each seen running in the same block, share it: none of them has held it up alone. */
function inCrowd(culprits: readonly BlockCulprit[]): BlockCulprit[] {
  return culprits.map((one) => {
    const { operation, request, certain } = one;
    const isShared =
      operation !== undefined &&
      certain &&
      culprits.some((other) => other.operation === operation && other.request !== request);
    return isShared ? { ...one, certain: false, oneOfMany: true } : one;
  });
}

/**
 * How to judge them when others had the CPU for most of the block: whatever was running then was seen for long, however
 * little it did.
 */
export function doubted(culprits: readonly BlockCulprit[]): BlockCulprit[] {
  return culprits.map((one) => (one.operation === undefined ? one : { ...one, certain: false }));
}

/** A look that was requested when the block had all but ended adds nothing to earlier ones. */
function duringBlock(sightings: readonly Sighting[], blockEnd: number): readonly Sighting[] {
  const during = sightings.filter(({ askedAt }) => blockEnd - askedAt >= TAIL_MS);
  return during.length === 0 ? sightings : during;
}

/**
 * Whether two looks at one block saw the same request running: then it is not a short run,
 * however many others there are.
 */
function isSeenAgain({ askedAt, sight }: Sighting, during: readonly Sighting[]): boolean {
  const { request } = sight;
  return (
    request !== undefined &&
    during.some((other) => other.askedAt !== askedAt && other.sight.request === request)
  );
}

/** For a look that was answered only after a native call had returned. */
function seenAfterwards(
  sighting: Sighting,
  suspects: readonly string[],
  timeline: Timeline | undefined,
): BlockCulprit {
  const { running, sight } = sighting;
  // What was marked as running during the block takes precedence over what was found running afterwards.
  const operation = running ?? (suspects.length === 0 ? undefined : sight.operation);
  const certain = running !== undefined || suspects.length === 0;
  return {
    operation,
    request: operation === sight.operation ? sight.request : undefined,
    certain,
    candidates: certain ? [] : suspects,
    samples: 1,
    ...doubtfulPlaces(sighting, operation === sight.operation, timeline),
  };
}

/**
 * What was seen running when the watchdog asked.
 *
 * @param isSeenAgain - Whether another look saw the same request running.
 */
export function seenAtWork(sighting: Sighting, isSeenAgain = false): BlockCulprit {
  const { operation, request, frames } = sighting.sight;
  const seen = { candidates: [], samples: 1, ...placesOf(frames, "exact") };
  if (isFrameworks(frames)) return { ...seen, operation: undefined, request: undefined, certain: true };
  if (isSeenAgain || !isOneOfMany(sighting)) return { ...seen, operation, request, certain: true };
  // Its line is merely where it happened to be.
  const nowhere = { at: undefined, within: undefined };
  return { ...seen, ...nowhere, operation, request: undefined, certain: false, oneOfMany: true };
}

/** The folders whose work is done for an operation: reading, checking and writing what it declares. */
const forOperations = /[\\/](?:operation|schema|app|security)[\\/][^\\/]+$/;

/**
 * Whether offloop is doing something of its own, like writing the log, even if after a request: nothing on the stack is
 * the user's code, or was called on its behalf.
 */
function isFrameworks(frames: readonly Frame[]): boolean {
  const own = frames.find(({ isOwn }) => isOwn);
  // In the package its files are bundled: only a map says which it was.
  if (own === undefined || forOperations.test(located(own).file)) return false;
  return chooseFrames(frames).user === undefined;
}

function doubtfulPlaces(
  { askedAt, sight }: Sighting,
  isSameOperation: boolean,
  timeline: Timeline | undefined,
): StackPlaces {
  const frames = isSameOperation ? sight.frames : [];
  const stack = timeline && mostSeen(timeline, askedAt, sight.at);
  return stack === undefined ? placesOf(frames, "near") : profiledPlaces(stack, frames);
}

/** The stack that the profiler saw most often between question and answer. */
function mostSeen({ stacks, hits }: Timeline, from: number, to: number): ProfiledStack | undefined {
  const counts = new Map<number, number>();
  for (const { at, stack } of hits)
    if (at >= from && at <= to && (stacks[stack]?.frames.length ?? 0) > 0)
      counts.set(stack, (counts.get(stack) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most && stacks[most[0]];
}

/** The places of a stack: in the user's code, and inside a package that it called. */
interface StackPlaces {
  readonly at: BlockPlace | undefined;
  readonly within: BlockPlace | undefined;
}

const inPackage = /[\\/]node_modules[\\/]/;

/** The places of a stack that was seen. */
function placesOf(frames: readonly Frame[], precision: BlockPlace["precision"]): StackPlaces {
  const { user, inner } = chooseFrames(frames);
  return {
    at: user && placeOf(located(user), precision),
    within: inner && placeOf(located(inner), precision),
  };
}

/**
 * The places of a stack that the profiler saw during a native call. It knows the line only of the innermost function;
 * those of its callers come from what was seen when the call had returned, if the functions are the same.
 */
function profiledPlaces(stack: ProfiledStack, after: readonly Frame[]): StackPlaces {
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

/** Where an around is called, and the operation inside it: what lies outside that did not do what is done inside. */
const aroundOperations = /[\\/]lanes[\\/]surround\.[jt]s$/;

/**
 * The user's code, and the package inside it. Not what awaits offloop, or has called it from a package, as Fastify does:
 * it is the same line whatever offloop does. Where nothing runs, nobody knows what is being awaited.
 */
function chooseFrames(frames: readonly Frame[]): { user: Frame | undefined; inner: Frame | undefined } {
  let isInOffloop = frames[0]?.isAwaiting === true;
  let inner: Frame | undefined;
  for (const frame of frames) {
    if (frame.isOwn) {
      if (aroundOperations.test(located(frame).file)) break;
      isInOffloop = true;
    } else if (frame.file.startsWith("node:") || (isInOffloop && frame.isAwaiting)) {
      // It tells nothing.
    } else if (!inPackage.test(frame.file)) return { user: frame, inner };
    else if (!isInOffloop) inner ??= frame;
  }
  return { user: undefined, inner };
}

function placeOf(
  { file, line, column, functionName }: Frame,
  precision: BlockPlace["precision"],
): BlockPlace {
  return { file, line, column, functionName, precision };
}

function lineIn(frame: Frame, line: number | undefined): number | undefined {
  const map = frame.mapped || line === undefined ? undefined : mapOf(frame.file);
  return map === undefined || line === undefined ? line : map.ofLine(line)?.line;
}

function located(frame: Frame): Frame {
  return frame.mapped ? frame : originalPosition(frame, mapOf(frame.file));
}

const maps = new Map<string, SourcePositions | undefined>();

function mapOf(file: string): SourcePositions | undefined {
  if (!maps.has(file)) maps.set(file, readMap(file));
  return maps.get(file);
}

function readMap(file: string): SourcePositions | undefined {
  try {
    return readSourceMap(file, readFileSync(file));
  } catch {
    return undefined; // code without a file
  }
}
