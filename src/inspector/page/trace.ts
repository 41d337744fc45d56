import type { Incident, Name } from "../batch.ts";
import { labelOf } from "./scene.ts";
import type { Run } from "./store.ts";

/** An event of the Trace Event Format; times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: "X" | "b" | "e" | "i" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  /** Of a pair `b`, `e`. */
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

/** What a trace is made of. */
interface TraceSource {
  readonly title: string;
  readonly origin: number;
  readonly names: readonly Name[];
  readonly runs: readonly Run[];
  readonly incidents: readonly Incident[];
}

const PID = 1;

/** Makes a trace of all that is kept. */
export function createTrace({ title, origin, names, runs, incidents }: TraceSource): Trace {
  const threads = new Set([0, ...runs.flatMap(({ thread }) => (thread === null ? [] : [thread]))]);
  return {
    traceEvents: [
      metadata("process_name", 0, { name: title }),
      ...[...threads].flatMap((thread) => [
        metadata("thread_name", thread, { name: labelOf(thread) }),
        metadata("thread_sort_index", thread, { sort_index: thread }),
      ]),
      ...runs.flatMap((run, at) => runEvents(run, names[run.name], at)),
      ...incidents.map(incidentEvent),
    ],
    displayTimeUnit: "ms",
    otherData: { producer: "offloop", startedAt: new Date(origin).toISOString() },
  };
}

function runEvents(run: Run, name: Name | undefined, at: number): TraceEvent[] {
  const { thread, handedAt, startedAt, endedAt, outcome, request } = run;
  const what = { name: name?.name ?? "?", cat: name?.kind ?? "operation", pid: PID };
  const args = { request, outcome, waitedMs: startedAt - handedAt };
  if (thread !== null && thread !== 0)
    return [{ ...what, ph: "X", tid: thread, ts: us(startedAt), dur: us(endedAt - startedAt), args }];
  // On the loop runs overlap, which only asynchronous events may; so do runs that never got to a thread.
  const id = `0x${at.toString(16)}`;
  return [
    { ...what, ph: "b", tid: 0, ts: us(startedAt), id, args },
    { ...what, ph: "e", tid: 0, ts: us(endedAt), id },
  ];
}

function incidentEvent(incident: Incident): TraceEvent {
  const { kind, at, durationMs, name, place, facts, stack } = incident;
  const what = { name: [kind, name, place].filter(Boolean).join(" "), cat: "incident", pid: PID };
  const args = { facts, stack };
  const tid = incident.thread ?? 0;
  if (kind === "blocked") return { ...what, ph: "X", tid, ts: us(at), dur: us(durationMs), args };
  return { ...what, ph: "i", s: "t", tid, ts: us(at), args };
}

function metadata(name: string, tid: number, args: Readonly<Record<string, unknown>>): TraceEvent {
  return { name, ph: "M", pid: PID, tid, args };
}

function us(ms: number): number {
  return Math.round(ms * 1000);
}
