import assert from "node:assert/strict";
import { test } from "node:test";
import { createTrace, type TraceEvent } from "../../../src/inspector/page/trace.ts";

const run = {
  name: 0,
  request: "r1",
  thread: 2 as number | null,
  slot: 0,
  handedAt: 10,
  startedAt: 12.5,
  endedAt: 20,
  outcome: 200,
};
const incident = {
  id: 1,
  at: 40,
  durationMs: 250,
  thread: 0,
  name: "GET /export",
  place: "export.ts:12",
  facts: ["It computed."],
  stack: ["at toCsv (/app/src/export.ts:12:5)"],
};

const { traceEvents, ...trace } = createTrace({
  title: "Shop",
  origin: Date.UTC(2026, 0, 1),
  names: [
    { kind: "operation", name: "GET /plain", lane: "thread" },
    { kind: "task", name: "mail", lane: "loop" },
  ],
  runs: [
    run,
    { ...run, name: 1, thread: 0, startedAt: 10, endedAt: 30, outcome: 1 },
    { ...run, name: 1, thread: 0, startedAt: 15, endedAt: 35, outcome: 0 },
    { ...run, thread: null, outcome: 503 },
  ],
  incidents: [
    { ...incident, kind: "blocked" },
    { ...incident, kind: "killed", thread: 2 },
  ],
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
