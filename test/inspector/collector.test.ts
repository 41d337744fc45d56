import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { afterEach, beforeEach, test } from "node:test";
import type { BlockReport, OperationEvent, TaskEvent, ThreadEvent } from "offloop";
import { Collector } from "../../src/inspector/collector.ts";

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
  const stack = ["at resize (/app/src/resize.ts:3:9)"];
  publish.task({
    event: "end",
    ...task,
    thread: 2,
    refused: undefined,
    queueMs: 0,
    runMs: 5,
    ok: false,
    cancelled: false,
    stack,
  });
  const [incident = assert.fail()] = collector.incidents.slice(0);
  assert.deepEqual([incident.kind, incident.name, incident.thread], ["failed", "task resize", 2]);
  assert.deepEqual(incident.stack, stack);
  assert.match(incident.facts.join(" "), /thread 2.*after request r1/);
});

test("Collector knows the threads of the pool, and keeps a kill as an incident", () => {
  publish.thread({ event: "start", thread: 4, threads: 1 });
  publish.thread({ event: "start", thread: 5, threads: 2 });
  publish.thread({ event: "leave", thread: 4, threads: 1 });
  assert.deepEqual([...collector.threads], [5]);
  const ran = { work: "GET /report", file: "/app/src/report.ts", line: 7 };
  publish.thread({ event: "kill", thread: 5, threads: 0, ran });
  assert.deepEqual([...collector.threads], []);
  assert.deepEqual(
    collector.incidents.slice(0).map(({ kind, thread, name, place }) => [kind, thread, name, place]),
    [["killed", 5, "GET /report", "report.ts:7"]],
  );
});

test("Collector keeps a blocked stretch with its place and its stack", () => {
  publish.blocked(report);
  const [incident = assert.fail()] = collector.incidents.slice(0);
  assert.ok(Math.abs(incident.at - 1000) < 0.01);
  assert.deepEqual(
    [incident.durationMs, incident.name, incident.place],
    [250, "GET /export", "export.ts:12"],
  );
  assert.match(incident.stack[0] ?? "", /csv\/index\.js:7 .*native call/);
  assert.equal(incident.stack[1], "at toCsv (/app/src/export.ts:12:5)");
  assert.match(incident.facts.join(" "), /computed for 240 ms.*4 requests waited/);
});

test("Collector says of a suspicion that it is one, and of nothing that it is nothing", () => {
  const [culprit = assert.fail()] = report.culprits;
  publish.blocked({
    ...report,
    culprits: [{ ...culprit, certain: false, candidates: ["GET /a", "GET /b"] }],
  });
  publish.blocked({ ...report, culprits: [{ ...culprit, operation: undefined, at: undefined }] });
  publish.blocked({ ...report, culprits: [] });
  const [suspected, outside, unseen] = collector.incidents.slice(0);
  assert.equal(suspected?.name, "probably GET /export");
  assert.match(suspected?.facts.join(" ") ?? "", /not certain.*GET \/a, GET \/b/);
  assert.deepEqual([outside?.name, outside?.place], ["code outside any operation", null]);
  assert.deepEqual([unseen?.name, unseen?.place, unseen?.stack], [null, null, []]);
});

test("Collector keeps 200 incidents, and listens to nothing once it is closed", () => {
  for (let n = 0; n < 250; n++) publish.blocked(report);
  assert.deepEqual([collector.incidents.slice(0).length, collector.incidents.slice(0)[0]?.id], [200, 51]);
  collector.close();
  for (const name of ["operation", "task", "thread", "blocked", "request"])
    assert.equal(channel(`offloop.${name}`).hasSubscribers, false);
});
