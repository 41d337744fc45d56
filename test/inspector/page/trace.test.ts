import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupTotal } from "../../../src/inspector/page/known-incidents.ts";
import { laneOf } from "../../../src/inspector/page/lane.ts";
import { createTrace, type TraceEvent } from "../../../src/inspector/page/trace.ts";
import { shownRun } from "../../fixtures/shown-run.ts";

const group = {
  key: "export",
  kind: "blocked",
  name: "GET /export",
  place: "export.ts:12",
  message: "",
  count: 1,
  firstAt: 40,
  lastAt: 40,
  longestMs: 250,
  facts: ["It computed."],
  stack: ["at toCsv (/app/src/export.ts:12:5)"],
} as const;
const incident = { id: "1", group: "export", at: 40, durationMs: 250, lane: 0, request: null };

const { traceEvents, ...trace } = createTrace({
  title: "Shop",
  origin: Date.UTC(2026, 0, 1),
  names: [
    { kind: "operation", name: "GET /plain", lane: "thread" },
    { kind: "task", name: "mail", lane: "loop" },
  ],
  runs: [
    shownRun(),
    shownRun({ name: 1, lane: 0, startedAt: 10, endedAt: 30, outcome: 1 }),
    shownRun({ name: 1, lane: 0, startedAt: 15, endedAt: 35, outcome: 0 }),
    shownRun({ lane: null, outcome: 503 }),
  ],
  incidents: {
    list: [incident, { ...incident, group: "killed", lane: 2 }],
    groups: new Map<string, GroupTotal>([
      ["export", group],
      ["killed", { ...group, kind: "killed" }],
    ]),
  },
});

const ofPhase = (phase: TraceEvent["ph"]): TraceEvent[] => traceEvents.filter(({ ph }) => ph === phase);

/** Which fields an event of each phase needs, as the Trace Event Format documents them. */
const fields: Readonly<Record<TraceEvent["ph"], (event: TraceEvent) => boolean>> = {
  X: ({ ts, dur }) => isTime(ts) && isTime(dur),
  b: ({ ts, id, cat }) => isTime(ts) && typeof id === "string" && typeof cat === "string",
  e: ({ ts, id, cat }) => isTime(ts) && typeof id === "string" && typeof cat === "string",
  i: ({ ts, s }) => isTime(ts) && s === "t",
  M: ({ name, args }) =>
    name === "thread_sort_index" ? typeof args?.sort_index === "number" : typeof args?.name === "string",
};

function isTime(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

test("createTrace() makes events with the fields that the Trace Event Format asks for", () => {
  const read = JSON.parse(JSON.stringify({ traceEvents })) as { traceEvents: TraceEvent[] };
  for (const event of read.traceEvents) {
    assert.equal(typeof event.name, "string");
    assert.ok(Number.isInteger(event.pid) && Number.isInteger(event.tid));
    assert.ok(fields[event.ph](event), JSON.stringify(event));
  }
  assert.deepEqual(trace, {
    displayTimeUnit: "ms",
    otherData: { producer: "offloop", startedAt: "2026-01-01T00:00:00.000Z" },
  });
});

test("createTrace() gives a thread's runs as complete events on its track, in microseconds", () => {
  const [event = assert.fail()] = ofPhase("X").filter(({ tid }) => tid === 2);
  assert.deepEqual([event.name, event.ts, event.dur], ["GET /plain", 12_500, 7_500]);
  assert.deepEqual(event.args, { request: "r1", outcome: 200, waitedMs: 2.5 });
});

test("createTrace() gives the loop's runs as pairs, as they overlap, each with an id of its own", () => {
  const begins = ofPhase("b");
  assert.equal(new Set(begins.map(({ id }) => id)).size, begins.length);
  for (const { id, name, cat, ts = 0 } of begins) {
    const end = ofPhase("e").filter((event) => event.id === id && event.name === name && event.cat === cat);
    assert.equal(end.length, 1);
    assert.ok((end[0]?.ts ?? -1) >= ts);
  }
});

test("createTrace() names every track, and puts the blocked stretch on the loop's", () => {
  const names = ofPhase("M").filter(({ name }) => name === "thread_name");
  assert.deepEqual(
    names.map(({ tid, args }) => [tid, args?.name]),
    [
      [0, "loop"],
      [2, "thread 2"],
    ],
  );
  const blocked = ofPhase("X").find(({ cat }) => cat === "incident");
  assert.deepEqual(
    [blocked?.name, blocked?.tid, blocked?.ts, blocked?.dur],
    ["blocked GET /export export.ts:12", 0, 40_000, 250_000],
  );
  assert.deepEqual(ofPhase("i")[0]?.tid, 2);
});

test("createTrace() gives each worker a process of its own, with its threads by their own numbers", () => {
  const { traceEvents: events } = createTrace({
    ...{ title: "Shop", origin: 0, names: [], incidents: { list: [], groups: new Map() } },
    runs: [1, 2].map((worker) => shownRun({ lane: laneOf(worker, 3) })),
  });
  assert.deepEqual(
    events.filter(({ name }) => name === "process_name").map(({ pid, args }) => [pid, args?.name]),
    [
      [2, "Shop, worker 1"],
      [3, "Shop, worker 2"],
    ],
  );
  assert.deepEqual(
    events.filter(({ ph }) => ph === "X").map(({ pid, tid }) => [pid, tid]),
    [
      [2, 3],
      [3, 3],
    ],
  );
});
