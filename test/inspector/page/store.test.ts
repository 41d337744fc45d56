import assert from "node:assert/strict";
import { test } from "node:test";
import type { IncidentGroup, RunRow } from "../../../src/inspector/batch.ts";
import { labelOf } from "../../../src/inspector/page/lane.ts";
import { Store } from "../../../src/inspector/page/store.ts";

const hello = { title: "Shop", origin: 1, server: 1 };
const group: IncidentGroup = {
  ...{ id: 1, key: "k", kind: "error", name: "GET /", place: null, message: "500", stack: [] },
  ...{ count: 1, firstAt: 1, lastAt: 1, longestMs: 1, facts: [] },
};
const rows = (count: number): RunRow[] =>
  Array.from({ length: count }, (_, n) => [0, `r${n}`, 0, 0, n, 0, 1, 200]);

test("Store keeps the newest runs, some sixty thousand", () => {
  const store = new Store();
  store.take({ now: 0, hello });
  for (let n = 0; n < 50; n++) store.take({ now: n, runs: rows(2_000) });
  assert.ok(store.runs.length >= 60_000 && store.runs.length <= 75_000);
  assert.equal(store.lost, 0);
});

test("Store keeps what is looked at while it is looked at, and counts what there is no room for", () => {
  const store = new Store();
  store.take({ now: 0, hello, runs: rows(1) });
  const [first] = store.runs;
  store.keepsAll = true;
  for (let n = 0; n < 100; n++) store.take({ now: n, runs: rows(2_000) });
  assert.equal(store.runs[0], first);
  assert.equal(store.runs.length, 120_000);
  assert.equal(store.lost, 80_001);
});

test("Store starts from nothing on a new connection, since everything is sent again", () => {
  const store = new Store();
  const names = [{ kind: "task", name: "a", lane: "loop" }] as const;
  const figures = [{ name: 0, calls: 1, failed: 0, wait: [0, 1], run: [9, 1] }] as const;
  store.take({ now: 900_000, hello, names, figures, runs: rows(5), threads: [1], lost: 3 });
  store.take({ now: 5, hello: { title: "Shop 2", origin: 2, server: 2 }, names });
  assert.deepEqual([store.title, store.names.length, store.runs.length, store.lost], ["Shop 2", 1, 0, 0]);
  assert.deepEqual([store.figures.list.length, store.processes[0]?.threads.length], [0, 0]);
  assert.ok(store.now() < 1_000); // and so does its clock
});

test("Store presumes nothing of a server's threads from those of the server before it", () => {
  const store = new Store();
  const names = [{ kind: "operation", name: "GET /", lane: "thread" }] as const;
  const late: RunRow = [0, "r1", 1, 0, 3_600_000, 0, 1, 200];
  store.take({ now: 3_600_001, hello, names, threads: [1], runs: [late] });
  const running = { loop: 0, thread: 1, rows: [[0, "r2", 0, 5_000]] } as const;
  store.take({ now: 5_100, hello: { title: "Shop", origin: 2, server: 2 }, names, threads: [1], running });
  assert.deepEqual(
    store.presumed().map(({ lane, startedAt }) => [lane, startedAt]),
    [[1, 5_000]],
  );
});

test("Store has one time axis and one number for each name, whichever process sends them", () => {
  const store = new Store();
  const a = { kind: "operation", name: "GET /a", lane: "loop" } as const;
  const b = { kind: "task", name: "b", lane: "thread" } as const;
  const hello = (origin: number) => ({ title: "Shop", origin, server: 500 });
  store.take({
    worker: 1,
    hello: hello(2_000),
    now: 10,
    names: [a, b],
    runs: [[1, "r1", 4, 0, 5, 0, 1, 200]],
  });
  store.take({
    worker: 2,
    hello: hello(1_000),
    now: 1_010,
    names: [b, a],
    runs: [[0, "r2", 4, 0, 1_005, 0, 1, 200]],
  });
  const [one = assert.fail(), other = assert.fail()] = store.runs;
  assert.deepEqual([one.startedAt, other.startedAt], [1_505, 1_505]);
  assert.equal(one.name, other.name);
  assert.deepEqual(
    [labelOf(one.lane ?? 0), labelOf(other.lane ?? 0)],
    ["thread 4 of worker 1", "thread 4 of worker 2"],
  );
});

test("Store adds up what the processes have counted, and the incidents of one kind", () => {
  const store = new Store();
  const names = [{ kind: "operation", name: "GET /", lane: "loop" }] as const;
  for (const worker of [1, 2]) {
    const figures = [{ name: 0, calls: 10 * worker, failed: 1, wait: [], run: [100 * worker, 10] }];
    const groups = [{ ...group, count: worker, lastAt: 5 * worker, facts: [`of ${worker}`] }];
    const incidents = [{ id: 1, group: 1, at: 5 * worker, durationMs: 1, thread: 0, request: null }];
    store.take({ worker, hello, now: 20, names, figures, groups, incidents });
  }
  const [figure = assert.fail()] = store.figures.list;
  assert.deepEqual([figure.calls, figure.failed], [30, 2]);
  assert.ok((figure.run[1] ?? 0) > (figure.run[0] ?? 0));
  const total = store.incidents.groups.get(group.key);
  assert.deepEqual([total?.count, total?.lastAt, total?.facts], [3, 10, ["of 2"]]);
  assert.equal(new Set(store.incidents.list.map(({ id }) => id)).size, 2);
});

test("Store shows nothing in progress in a process that has ended, and keeps what it has sent", () => {
  const store = new Store();
  const names = [{ kind: "operation", name: "GET /", lane: "thread" }] as const;
  const running = { loop: 0, thread: 1, rows: [[0, "r9", 0, 1]] } as const;
  store.take({ worker: 1, hello, now: 5, names, runs: rows(2), threads: [3], running });
  assert.equal(store.presumed().length, 1);
  store.take({ worker: 1, now: 0, gone: true });
  assert.deepEqual([store.presumed().length, store.runs.length, store.processes[0]?.isGone], [0, 2, true]);
});

test("Store keeps 400 kinds of incidents, those that have changed last", () => {
  const store = new Store();
  store.take({ now: 0, hello });
  for (let n = 0; n < 500; n++) store.take({ now: n, groups: [{ ...group, id: n, key: `k${n}` }] });
  assert.deepEqual([store.incidents.groups.size, store.incidents.groups.has("k99")], [400, false]);
});
