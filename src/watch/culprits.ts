import type { BlockCulprit } from "../channels/channels.ts";
import { isSure, type Sighting, TAIL_MS } from "./block.ts";
import { placesOf, profiledPlaces, type StackPlaces } from "./block-place.ts";
import type { ProfiledStack, Timeline } from "./profile.ts";

/** Judges who blocked, from what was seen; the one seen most often first. */
export function judge(
  sightings: readonly Sighting[],
  blockEnd: number,
  timeline: Timeline | undefined,
): BlockCulprit[] {
  // Whoever was in progress at any look may have been at work between two of them, and so may what has outlived its
  // deadline: it is seen without being counted.
  const names = sightings.flatMap(({ inProgress, sight }) => [...inProgress, sight.operation ?? []].flat());
  const suspects = [...new Set(names)];
  const culprits = new Map<string, BlockCulprit>();
  for (const sighting of duringBlock(sightings, blockEnd)) {
    const seen = culpritOf(sighting, suspects, isSure(sighting, blockEnd), timeline);
    const key = JSON.stringify([seen.operation, seen.request, seen.certain, seen.at]);
    const known = culprits.get(key);
    culprits.set(key, known === undefined ? seen : { ...known, samples: known.samples + 1 });
  }
  return [...culprits.values()].sort((a, b) => b.samples - a.samples);
}

/** A look that was asked for when the block had all but ended tells nothing that earlier ones do not. */
function duringBlock(sightings: readonly Sighting[], blockEnd: number): readonly Sighting[] {
  const during = sightings.filter(({ askedAt }) => blockEnd - askedAt >= TAIL_MS);
  return during.length === 0 ? sightings : during;
}

function culpritOf(
  sighting: Sighting,
  suspects: readonly string[],
  sure: boolean,
  timeline: Timeline | undefined,
): BlockCulprit {
  const { running, sight } = sighting;
  if (sure) {
    const { operation, request } = sight;
    return {
      operation,
      request,
      certain: true,
      candidates: [],
      samples: 1,
      ...placesOf(sight.frames, "exact"),
    };
  }
  // What was marked as running while it blocked beats what was found running afterwards.
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

function doubtfulPlaces(
  { askedAt, sight }: Sighting,
  isSameOperation: boolean,
  timeline: Timeline | undefined,
): StackPlaces {
  const frames = isSameOperation ? sight.frames : [];
  const stack = timeline && mostSeen(timeline, askedAt, sight.at);
  return stack === undefined ? placesOf(frames, "near") : profiledPlaces(stack, frames);
}

/** The stack that the profiler saw most between question and answer. */
function mostSeen({ stacks, hits }: Timeline, from: number, to: number): ProfiledStack | undefined {
  const counts = new Map<number, number>();
  for (const { at, stack } of hits)
    if (at >= from && at <= to && (stacks[stack]?.frames.length ?? 0) > 0)
      counts.set(stack, (counts.get(stack) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most && stacks[most[0]];
}
