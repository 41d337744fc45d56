import type { Name } from "../batch.ts";
import type { GroupTotal, Incident, KnownIncidents } from "./known-incidents.ts";
import { isLoop, laneOf, shortLabelOf, workerOf } from "./lane.ts";
import type { Run } from "./run.ts";

/** An event of the Trace Event Format; times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: "X" | "b" | "e" | "i" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  /** For a pair `b`, `e`. */
  readonly id?: string;
  /** The scope of `i`: its thread. */
  readonly s?: "t";
  readonly args?: Readonly<Record<string, unknown>>;
}

/** The JSON object form of the Trace Event Format, which Perfetto and chrome://tracing open. */
export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: "ms";
  readonly otherData: Readonly<Record<string, string>>;
}

/** What a trace is made from. */
interface TraceSource {
  readonly title: string;
  readonly origin: number;
  readonly names: readonly Name[];
  readonly runs: readonly Run[];
  readonly incidents: Pick<KnownIncidents, "list" | "groups">;
}

/** Makes a trace of everything that is kept: a process for each process, a track for each lane. */
export function createTrace({ title, origin, names, runs, incidents }: TraceSource): Trace {
  const lanes = new Set([0, ...runs.flatMap(({ lane }) => (lane === null ? [] : [lane, loopOf(lane)]))]);
  if (lanes.size > 1 && ![...lanes].some((lane) => lane > 0 && workerOf(lane) === 0)) lanes.delete(0);
  const workers = new Set([...lanes].map(workerOf));
  return {
    traceEvents: [
      ...[...workers].map((worker) =>
        metadata("process_name", laneOf(worker, 0), {
          name: worker === 0 ? title : `${title}, worker ${worker}`,
        }),
      ),
      ...[...lanes].flatMap((lane) => [
        metadata("thread_name", lane, { name: shortLabelOf(lane) }),
        metadata("thread_sort_index", lane, { sort_index: trackOf(lane).tid }),
      ]),
      ...runs.flatMap((run, at) => runEvents(run, names[run.name], at)),
      ...incidents.list.flatMap((incident) => {
        const group = incidents.groups.get(incident.group);
        return group === undefined ? [] : [incidentEvent(incident, group)];
      }),
    ],
    displayTimeUnit: "ms",
    otherData: { producer: "offloop", startedAt: new Date(origin).toISOString() },
  };
}

function runEvents(run: Run, name: Name | undefined, at: number): TraceEvent[] {
  const { lane, handedAt, startedAt, endedAt, outcome, request } = run;
  const what = { name: name?.name ?? "?", cat: name?.kind ?? "operation" };
  const args = { request, outcome, waitedMs: startedAt - handedAt };
  if (lane !== null && !isLoop(lane)) {
    const times = { ts: us(startedAt), dur: us(endedAt - startedAt) };
    return [{ ...what, ...trackOf(lane), ph: "X", ...times, args }];
  }
  // Runs overlap on the loop, which only asynchronous events may; so do runs that never reached a thread.
  const track = { ...trackOf(lane ?? 0), id: `0x${at.toString(16)}` };
  return [
    { ...what, ...track, ph: "b", ts: us(startedAt), args },
    { ...what, ...track, ph: "e", ts: us(endedAt) },
  ];
}

function incidentEvent({ lane, at, durationMs, request }: Incident, group: GroupTotal): TraceEvent {
  const { kind, name, place, message, facts, stack } = group;
  const what = { name: [kind, name, place].filter(Boolean).join(" "), cat: "incident" };
  const args = { request, message, facts, stack };
  const track = trackOf(lane ?? 0);
  if (kind === "blocked") return { ...what, ...track, ph: "X", ts: us(at), dur: us(durationMs), args };
  return { ...what, ...track, ph: "i", s: "t", ts: us(at), args };
}

function metadata(name: string, lane: number, args: Readonly<Record<string, unknown>>): TraceEvent {
  return { name, ph: "M", ...trackOf(lane), args };
}

/** In this format a process cannot be 0. */
function trackOf(lane: number): Pick<TraceEvent, "pid" | "tid"> {
  const worker = workerOf(lane);
  return { pid: worker + 1, tid: lane - laneOf(worker, 0) };
}

function loopOf(lane: number): number {
  return laneOf(workerOf(lane), 0);
}

function us(ms: number): number {
  return Math.round(ms * 1000);
}
