import assert from "node:assert/strict";
import { test } from "node:test";
import { IncidentLog, type KnownIncident } from "../../src/inspector/incident-log.ts";

const incident: KnownIncident = {
  kind: "error",
  at: 100,
  durationMs: 5,
  thread: 0,
  request: "r1",
  name: "GET /",
  place: "app.ts:1",
  message: "500, Error: No",
  cause: "500 Error",
  facts: ["It answered 500."],
  stack: [],
};

test("IncidentLog.keep() makes one group of what has kind, name, place and cause in common", () => {
  const log = new IncidentLog();
  log.keep(incident);
  log.keep({ ...incident, message: "500, Error: No 2", at: 300, durationMs: 9, request: "r2" });
  log.keep({ ...incident, place: "app.ts:2" });
  const { rows, groups } = log.since(0);
  assert.deepEqual(
    groups.map(({ place, count }) => [place, count]),
    [
      ["app.ts:1", 2],
      ["app.ts:2", 1],
    ],
  );
  const [first = assert.fail()] = groups;
  assert.deepEqual(
    [first.firstAt, first.lastAt, first.longestMs, first.message],
    [100, 300, 9, "500, Error: No 2"],
  );
  assert.deepEqual(
    rows.map(({ group, request }) => [group, request]),
    [
      [1, "r1"],
      [1, "r2"],
      [2, "r1"],
    ],
  );
});

test("IncidentLog.keep() describes a group by what happened last, whenever it was heard of", () => {
  const log = new IncidentLog();
  log.keep({ ...incident, at: 300, message: "late" });
  log.keep({ ...incident, at: 100, message: "early" });
  const [group = assert.fail()] = log.since(0).groups;
  assert.deepEqual([group.message, group.firstAt, group.lastAt, group.count], ["late", 100, 300, 2]);
});

test("IncidentLog.since() gives what was kept since, and the groups that this has changed", () => {
  const log = new IncidentLog();
  log.keep(incident);
  log.keep({ ...incident, name: "GET /other" });
  const { changes } = log;
  assert.deepEqual(log.since(changes), { rows: [], groups: [] });
  log.keep(incident);
  const { rows, groups } = log.since(changes);
  assert.deepEqual([rows.length, groups.length, groups[0]?.count], [1, 1, 2]);
});

test("IncidentLog keeps 200 groups and the newest incidents; a flood of one kind hides no other", () => {
  const log = new IncidentLog();
  log.keep({ ...incident, name: "rare" });
  for (let n = 0; n < 5_000; n++) log.keep(incident);
  assert.deepEqual(
    log.since(0).groups.map(({ name, count }) => [name, count]),
    [
      ["rare", 1],
      ["GET /", 5_000],
    ],
  );
  assert.equal(log.since(0).rows.length, 1_000);
  for (let n = 0; n < 300; n++) log.keep({ ...incident, name: `GET /${n}` });
  assert.equal(log.since(0).groups.length, 200);
});
