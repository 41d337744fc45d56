import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { afterEach, beforeEach, test } from "node:test";
import type { OperationEvent } from "offloop";
import { Collector } from "../../src/inspector/collector.ts";
import { Reader } from "../../src/inspector/reader.ts";
import { publishRuns } from "../fixtures/published-runs.ts";

let collector: Collector;
beforeEach(() => {
  collector = new Collector();
});
afterEach(() => collector.close());

const told = { title: "Shop", server: 7, readPool: () => undefined };
const run = (count: number): void => publishRuns(count, (n) => `r${n}`);

test("Reader greets, sends names before anything that refers to them, and everything once", () => {
  const reader = new Reader(collector, told);
  assert.deepEqual(reader.next(0)?.hello, { title: "Shop", server: 7, origin: performance.timeOrigin });
  run(2);
  const batch = reader.next(100);
  assert.equal(batch?.hello, undefined);
  assert.deepEqual(batch?.names, [{ kind: "operation", name: "GET /", lane: "loop" }]);
  assert.equal(batch?.runs?.length, 2);
  assert.equal(reader.next(200), undefined);
  run(1);
  assert.deepEqual(reader.next(300)?.names, undefined);
});

test("Reader says that the server is well when there is nothing else to say, twice a second", () => {
  const reader = new Reader(collector, told);
  reader.next(0);
  assert.equal(reader.next(400), undefined);
  assert.deepEqual(reader.next(500), { now: 500 });
  assert.equal(reader.next(900), undefined);
});

test("Reader sends the past to a page that comes later, in limited batches", () => {
  run(5_000);
  const reader = new Reader(collector, told);
  assert.deepEqual(
    [0, 100, 200, 300].map((now) => reader.next(now)?.runs?.length),
    [2_000, 2_000, 1_000, undefined],
  );
});

test("Reader counts what a page was too slow for", () => {
  const reader = new Reader(collector, told);
  reader.next(0);
  run(30_000);
  const batch = reader.next(5_000);
  assert.equal(batch?.lost, 10_000);
  assert.equal(batch?.runs?.length, 2_000);
});

test("Reader sends figures at most once a second", () => {
  const reader = new Reader(collector, told);
  run(1);
  assert.equal(reader.next(0)?.figures?.[0]?.calls, 1);
  run(1);
  assert.equal(reader.next(100)?.figures, undefined);
  assert.equal(reader.next(1_000)?.figures?.[0]?.calls, 2);
});

test("Reader sends what is in progress when that has changed", () => {
  const reader = new Reader(collector, told);
  assert.deepEqual(reader.next(0)?.running, { loop: 0, thread: 0, rows: [] });
  channel("offloop.operation").publish({
    event: "start",
    operation: "GET /",
    request: "r",
    lane: "thread",
  } satisfies OperationEvent);
  assert.equal(reader.next(100)?.running?.thread, 1);
  assert.equal(reader.next(600)?.running, undefined);
});

test("Reader says which process it describes, and how full its pool is, at most twice a second", () => {
  let busy = 1;
  const readPool = () => ({ busy, max: 8, waiting: 0, oldestMs: 0 });
  const reader = new Reader(collector, { ...told, worker: 3, readPool });
  const first = reader.next(0);
  assert.deepEqual([first?.worker, first?.pool?.busy], [3, 1]);
  busy = 2;
  assert.equal(reader.next(100), undefined);
  assert.equal(reader.next(500)?.pool?.busy, 2);
  assert.equal(reader.next(1_000)?.pool, undefined);
});

test("Reader sends a group again when it has one more incident", () => {
  const reader = new Reader(collector, told);
  reader.next(0);
  const fail = (): void =>
    channel("offloop.operation").publish({
      ...{ event: "end", operation: "GET /", request: "r", lane: "loop", thread: 0, refused: undefined },
      ...{ queueMs: 0, runMs: 1, status: 500, error: undefined },
    } satisfies OperationEvent);
  fail();
  assert.deepEqual(
    [1, 2].map((at) => {
      const { incidents, groups } = reader.next(at * 100) ?? {};
      if (at === 1) fail();
      return [incidents?.length, groups?.[0]?.count];
    }),
    [
      [1, 1],
      [1, 2],
    ],
  );
  assert.equal(reader.next(300)?.groups, undefined);
});
