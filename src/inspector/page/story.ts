import type { GroupTotal, Incident } from "./known-incidents.ts";
import type { Pin } from "./pin.ts";
import { hasEnded, hasFailed, outcomeText, type Shown } from "./run.ts";
import type { Store } from "./store.ts";

/** All that is known about a request, or about one run that belonged to no request. */
export interface Story {
  /** In the order in which they were handed to their lanes. */
  readonly steps: readonly Step[];
  readonly incidents: readonly TroubledPart[];
  readonly from: number;
  readonly to: number;
}

/** One of its runs. */
export interface Step {
  readonly run: Shown;
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
  const steps = runs.map((run) => stepOf(store, run, now)).sort((a, b) => a.handedAt - b.handedAt);
  return {
    steps,
    incidents: troubleOf(store, pin.request),
    from: Math.min(...steps.map(({ handedAt }) => handedAt)),
    to: Math.max(...steps.map(({ endedAt }) => endedAt)),
  };
}

function stepOf({ names }: Store, run: Shown, now: number): Step {
  const { kind, name } = names[run.name] ?? { kind: "operation", name: "?" };
  const ended = hasEnded(run) ? run : undefined;
  const waits = ended === undefined && run.lane === undefined;
  return {
    run,
    title: kind === "task" ? `task ${name}` : name,
    handedAt: run.handedAt,
    startedAt: waits ? undefined : run.startedAt,
    endedAt: ended?.endedAt ?? now,
    outcome: ended && outcomeText(ended.outcome),
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
