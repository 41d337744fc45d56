import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { afterEach, beforeEach, test } from "node:test";
import type { BlockReport, OperationEvent, TaskEvent, ThreadEvent, ThrownError } from "offloop";
import type { IncidentGroup, IncidentRow } from "../../src/inspector/batch.ts";
import { Collector } from "../../src/inspector/collector.ts";
import { titleOf } from "../../src/inspector/page/incident-text.ts";

let collector: Collector;
beforeEach(() => {
  collector = new Collector();
});
afterEach(() => collector.close());

const publish = {
  operation: (event: OperationEvent) => channel("offloop.operation").publish(event),
  task: (event: TaskEvent) => channel("offloop.task").publish(event),
  thread: (event: ThreadEvent) => channel("offloop.thread").publish(event),
  blocked: (report: BlockReport) => channel("offloop.blocked").publish(report),
};

const operation = { operation: "GET /items/:id", request: "r1", lane: "thread" } as const;
const task = { task: "resize", run: 1, lane: "thread", request: "r1", job: undefined } as const;
const report: BlockReport = {
  startedAt: performance.timeOrigin + 1000,
  durationMs: 250,
  state: "computing",
  cpuMs: 240,
  gcMs: 3,
  waitedRequests: 4,
  culprits: [
    {
      operation: "GET /export",
      request: "r2",
      certain: true,
      candidates: [],
      at: { file: "/app/src/export.ts", line: 12, column: 5, functionName: "toCsv", precision: "exact" },
      within: {
        file: "/app/node_modules/csv/index.js",
        line: 7,
        column: undefined,
        functionName: undefined,
        precision: "near",
      },
      samples: 9,
    },
  ],
};

const thrown = {
  type: "RangeError",
  message: "Too wide\nby far",
  code: undefined,
  stack: ["at resize (/app/src/resize.ts:3:9)"],
} as const;
const failed = {
  thread: 2,
  refused: undefined,
  queueMs: 0,
  runMs: 5,
  ok: false,
  cancelled: false,
} as const;

/** An error of offloop's own, which says again what it is about. */
function offloop(code: string): ThrownError {
  const message =
    "Cannot start GET /items/:id: 6 of 6 threads are busy\n  at /app/src/items.ts:7:1\n  fix do less";
  return { type: "OffloopError", code: `OFFLOOP_${code}`, message, stack: [] };
}

/** The incident that was heard of last, and its kind. */
function newest(): readonly [IncidentRow, IncidentGroup] {
  const { rows, groups } = collector.incidents.since(0);
  const row = rows.at(-1) ?? assert.fail();
  return [row, groups.find(({ id }) => id === row.group) ?? assert.fail()];
}

test("Collector turns a start and an end into one run, and counts it", () => {
  publish.operation({ event: "start", ...operation });
  assert.equal(collector.runs.running(9).thread, 1);
  publish.operation({
    event: "end",
    ...operation,
    thread: 3,
    refused: undefined,
    queueMs: 2,
    runMs: 7,
    status: 503,
    error: undefined,
  });
  assert.equal(collector.runs.running(9).thread, 0);
  const [[name, request, thread, , , queueMs, runMs, outcome] = assert.fail()] = collector.runs.since(
    0,
    9,
  ).rows;
  assert.deepEqual([name, request, thread, queueMs, runMs, outcome], [0, "r1", 3, 2, 7, 503]);
  assert.deepEqual(collector.names.list, [{ kind: "operation", name: "GET /items/:id", lane: "thread" }]);
  assert.deepEqual(
    collector.figures.since(0).map(({ calls, failed }) => [calls, failed]),
    [[1, 1]],
  );
});

test("Collector does not count what a client did wrong as a failure", () => {
  publish.operation({
    event: "end",
    ...operation,
    thread: undefined,
    refused: undefined,
    queueMs: 2,
    runMs: 0,
    status: 422,
    error: undefined,
  });
  assert.equal(collector.figures.since(0)[0]?.failed, 0);
});

test("Collector keeps an operation and a task of one name apart", () => {
  publish.operation({ event: "start", ...operation, operation: "resize" });
  publish.task({ event: "start", ...task });
  assert.equal(collector.names.list.length, 2);
  assert.equal(collector.runs.running(9).thread, 2);
});

test("Collector keeps a task that failed as an incident", () => {
  publish.task({ event: "start", ...task });
  publish.task({ event: "end", ...task, ...failed, error: thrown });
  const [incident, group] = newest();
  assert.deepEqual(
    [group.kind, group.name, incident.thread, incident.request],
    ["failed", "task resize", 2, "r1"],
  );
  assert.deepEqual([group.message, group.place], ["RangeError: Too wide", "resize.ts:3"]);
  assert.deepEqual(group.stack, thrown.stack);
  assert.match(group.facts.join(" "), /thread 2.*after request r1/);
});

test("Collector keeps an operation that threw, was refused or ran past its deadline, each with its message", () => {
  const end = { event: "end", ...operation, refused: undefined, queueMs: 1, runMs: 5 } as const;
  publish.operation({ ...end, thread: 2, status: 500, error: thrown });
  publish.operation({
    ...end,
    thread: undefined,
    refused: "queue_full",
    status: 503,
    error: offloop("THREADS_BUSY"),
  });
  publish.operation({ ...end, lane: "loop", thread: 0, status: 504, error: offloop("TIMEOUT") });
  publish.operation({ ...end, thread: 2, status: 503, error: undefined });
  assert.deepEqual(
    collector.incidents.since(0).groups.map(({ kind, message }) => [kind, message]),
    [
      ["error", "500, RangeError: Too wide"],
      ["refused", "6 of 6 threads are busy"],
      ["timeout", "6 of 6 threads are busy"],
      ["error", "503"],
    ],
  );
});

test("Collector reports a thread's end by a deadline once, whichever of its two events comes first", () => {
  const ran = { reason: "deadline", work: "GET /items/:id", file: "/app/src/items.ts", line: 7 } as const;
  const late = {
    event: "end",
    ...operation,
    refused: undefined,
    queueMs: 0,
    runMs: 200,
    status: 504,
  } as const;
  const error = offloop("TIMEOUT");
  publish.operation({ ...late, thread: 5, error });
  publish.thread({ event: "kill", thread: 5, threads: 0, ran });
  publish.thread({ event: "kill", thread: 6, threads: 0, ran });
  publish.operation({ ...late, thread: 6, error });
  const { rows, groups } = collector.incidents.since(0);
  assert.deepEqual(
    rows.map(({ thread }) => thread),
    [5, 6],
  );
  assert.ok(groups.every(({ kind }) => kind === "killed"));
});

test("Collector knows the threads of the pool, and keeps a kill as an incident", () => {
  publish.thread({ event: "start", thread: 4, threads: 1 });
  publish.thread({ event: "start", thread: 5, threads: 2 });
  publish.thread({ event: "leave", thread: 4, threads: 1 });
  assert.deepEqual([...collector.threads], [5]);
  const ran = { reason: "deadline", work: "GET /report", file: "/app/src/report.ts", line: 7 } as const;
  publish.thread({ event: "kill", thread: 5, threads: 0, ran });
  assert.deepEqual([...collector.threads], []);
  const [{ thread }, { kind, name, place }] = newest();
  assert.deepEqual([kind, thread, name, place], ["killed", 5, "GET /report", "report.ts:7"]);
});

test("Collector says why a thread was ended where no deadline did it", () => {
  const ran = { work: "task report", file: "/app/src/report.ts", line: 7 };
  for (const [thread, reason, said] of [
    [5, "cancelled", /task report was cancelled/],
    [6, "abandoned", /task report still produced a reply/],
  ] as const) {
    publish.thread({ event: "kill", thread, threads: 1, ran: { ...ran, reason } });
    const [, group] = newest();
    assert.equal(group.kind, "ended");
    assert.match(group.facts.join("\n"), said);
  }
  publish.thread({ event: "kill", thread: 7, threads: 1 });
  const [, group] = newest();
  assert.equal(titleOf(group, 0), "Thread ended: it no longer took calls");
  assert.match(group.facts.join("\n"), /^Thread 7 was ended: it no longer took calls\.$/m);
});

test("Collector keeps a blocked stretch with its place and its stack", () => {
  publish.blocked(report);
  const [incident, group] = newest();
  assert.ok(Math.abs(incident.at - 1000) < 0.01);
  assert.deepEqual(
    [incident.durationMs, incident.request, group.name, group.place],
    [250, "r2", "GET /export", "export.ts:12"],
  );
  assert.match(group.stack[0] ?? "", /csv\/index\.js:7 .*native call/);
  assert.equal(group.stack[1], "at toCsv (/app/src/export.ts:12:5)");
  assert.match(group.facts.join(" "), /computed for 240 ms.*4 requests waited/);
});

test("Collector does not take what collecting garbage took for a part of less", () => {
  for (const [gcMs, said] of [
    [0, /for 240 ms\. /],
    [30, /for 240 ms, 30 ms of it collecting garbage/],
    [245, /for 240 ms, and garbage was collected for 245 ms/],
  ] as const) {
    publish.blocked({ ...report, gcMs });
    assert.match(newest()[1].facts.join(" "), said);
  }
});

test("Collector says of a suspicion that it is one, and of nothing that it is nothing", () => {
  const [culprit = assert.fail()] = report.culprits;
  publish.blocked({
    ...report,
    culprits: [{ ...culprit, certain: false, candidates: ["GET /a", "GET /b"] }],
  });
  publish.blocked({ ...report, culprits: [{ ...culprit, operation: undefined, at: undefined }] });
  publish.blocked({ ...report, culprits: [] });
  const [suspected, outside, unseen] = collector.incidents.since(0).groups;
  assert.equal(suspected?.name, "probably GET /export");
  assert.match(suspected?.facts.join(" ") ?? "", /not certain.*GET \/a, GET \/b/);
  assert.deepEqual([outside?.name, outside?.place], ["code outside any operation", null]);
  assert.deepEqual([unseen?.name, unseen?.place, unseen?.stack], [null, null, []]);
});

test("Collector listens to nothing once it is closed", () => {
  collector.close();
  for (const name of ["operation", "task", "thread", "blocked", "request"])
    assert.equal(channel(`offloop.${name}`).hasSubscribers, false);
});
