import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunRow } from "../../../src/inspector/batch.ts";
import { Store } from "../../../src/inspector/page/store.ts";

const hello = { title: "Shop", origin: 1 };
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

test("Store starts from nothing with a new connection, since all is told again", () => {
  const store = new Store();
  const names = [{ kind: "task", name: "a", lane: "loop" }] as const;
  const figures = [{ name: 0, calls: 1, failed: 0, wait: [0, 0], run: [1, 1] }] as const;
  store.take({ now: 900_000, hello, names, figures, runs: rows(5), threads: [1], lost: 3 });
  store.take({ now: 5, hello: { title: "Shop 2", origin: 2 }, names });
  assert.deepEqual([store.title, store.names.length, store.runs.length, store.lost], ["Shop 2", 1, 0, 0]);
  assert.deepEqual([store.figures.size, store.threads.length], [0, 0]);
  assert.ok(store.now() < 1_000); // and so does its clock
});

test("Store presumes nothing of a server's threads from those of the server before it", () => {
  const store = new Store();
  const names = [{ kind: "operation", name: "GET /", lane: "thread" }] as const;
  const late: RunRow = [0, "r1", 1, 0, 3_600_000, 0, 1, 200];
  store.take({ now: 3_600_001, hello, names, threads: [1], runs: [late] });
  const running = { loop: 0, thread: 1, rows: [[0, "r2", 0, 5_000]] } as const;
  store.take({ now: 5_100, hello: { title: "Shop", origin: 2 }, names, threads: [1], running });
  assert.deepEqual(
    store.presumed().map(({ thread, startedAt }) => [thread, startedAt]),
    [[1, 5_000]],
  );
});
