import type { GroupTotal, Incident } from "./known-incidents.ts";
import type { Pin } from "./pin.ts";
import { hasEnded, hasFailed, outcomeOf, type Shown } from "./run.ts";
import type { Store } from "./store.ts";

/** All that is known about a request, or about one run that belonged to no request. */
export interface Story {
  /** In the order in which they were handed to their lanes. */
  readonly steps: readonly Step[];
  readonly incidents: readonly TroubledPart[];
  readonly from: number;
  readonly to: number;
}

/** One of its runs, or all that have made the chunks of its stream. */
export interface Step {
  /** The last one. */
  readonly run: Shown;
  /** When it ran. */
  readonly parts: readonly StepPart[];
  /** `GET /items/:item_id`, or `task resize`. */
  readonly title: string;
  readonly handedAt: number;
  /** Undefined while it is waiting. */
  readonly startedAt: number | undefined;
  /** The current time, while it is in progress. */
  readonly endedAt: number;
  /** How it ended; undefined while it is in progress. */
  readonly outcome: string | undefined;
  readonly failed: boolean;
  readonly job: string | undefined;
}

/** A period in which it ran. */
interface StepPart {
  readonly from: number;
  readonly to: number;
}

/** What went wrong in it. */
export interface TroubledPart {
  readonly incident: Incident;
  readonly group: GroupTotal;
}

/** What is known about what is pinned; undefined when there is nothing. */
export function tellStory(store: Store, pin: Pin, now: number): Story | undefined {
  const runs = [store.runs, store.presumed()].flatMap((list: readonly Shown[]) =>
    list.filter((run) => pin.holds(run)),
  );
  if (runs.length === 0) return undefined;
  const steps = inSteps(store, runs, now).sort((a, b) => a.handedAt - b.handedAt);
  return {
    steps,
    incidents: troubleOf(store, pin.request),
    from: Math.min(...steps.map(({ handedAt }) => handedAt)),
    to: Math.max(...steps.map(({ endedAt }) => endedAt)),
  };
}

/** The runs that have made the chunks of a stream are one step: there may be thousands. */
function inSteps(store: Store, runs: readonly Shown[], now: number): Step[] {
  const isOfStream = ({ name }: Shown): boolean => store.names[name]?.kind === "stream";
  const alone = runs.filter((run) => !isOfStream(run)).map((run) => stepOf(store, run, now));
  const streams = Object.values(Object.groupBy(runs.filter(isOfStream), ({ name }) => name));
  return [...alone, ...streams.map((parts = []) => joined(parts.map((run) => stepOf(store, run, now))))];
}

function joined(unordered: readonly Step[]): Step {
  const steps = [...unordered].sort((a, b) => a.handedAt - b.handedAt);
  const [first, last] = [steps[0], steps.at(-1)] as [Step, Step];
  const { handedAt, startedAt } = first;
  const failed = steps.some((step) => step.failed);
  return { ...last, handedAt, startedAt, failed, parts: steps.flatMap(({ parts }) => parts) };
}

function stepOf(store: Store, run: Shown, now: number): Step {
  const { kind, name } = store.names[run.name] ?? { kind: "operation", name: "?" };
  const ended = hasEnded(run) ? run : undefined;
  const waits = ended === undefined && run.lane === undefined;
  const endedAt = ended?.endedAt ?? now;
  return {
    run,
    parts: waits ? [] : [{ from: run.startedAt, to: endedAt }],
    title: kind === "task" ? `task ${name}` : name,
    handedAt: run.handedAt,
    startedAt: waits ? undefined : run.startedAt,
    endedAt,
    outcome: ended && outcomeOf(store, ended),
    failed: ended !== undefined && hasFailed(ended),
    job: ended?.job,
  };
}

function troubleOf({ incidents }: Store, request: string | undefined): TroubledPart[] {
  if (request === undefined) return [];
  return incidents.list.flatMap((incident) => {
    const group = incidents.groups.get(incident.group);
    return incident.request === request && group !== undefined ? [{ incident, group }] : [];
  });
}
