import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunningRow } from "../../../src/inspector/batch.ts";
import { type Lanes, Presumption } from "../../../src/inspector/page/presumption.ts";
import type { Run } from "../../../src/inspector/page/run.ts";
import { shownRun } from "../../fixtures/shown-run.ts";

const TASK = 2;
const lanes = (...threads: readonly number[]): Lanes => ({
  loop: 0,
  threads,
  isOnThread: (name) => name > 0,
  isTask: (name) => name === TASK,
});
const row = (request: string, handedAt: number): RunningRow => [1, request, 0, handedAt];
const ended = (request: string, lane: number, handedAt: number, runMs: number): Run =>
  shownRun({ name: 1, request, lane, handedAt, startedAt: handedAt, endedAt: handedAt + runMs });

function placesOf(presumption: Presumption): Record<string, number | undefined> {
  return Object.fromEntries(presumption.list.map(({ request, lane }) => [request, lane]));
}

test("Presumption puts the runs handed over first on threads, and has the others wait", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1), row("b", 2), row("c", 3)], [], lanes(4, 5));
  assert.deepEqual(placesOf(presumption), { a: 4, b: 5, c: undefined });
});

test("Presumption keeps a run where it is, and gives the thread that is free to the next", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1), row("b", 2), row("c", 3)], [], lanes(4, 5));
  presumption.update([row("b", 2), row("c", 3)], [ended("a", 4, 1, 10)], lanes(4, 5));
  assert.deepEqual(placesOf(presumption), { b: 5, c: 4 });
  assert.equal(presumption.list.find(({ request }) => request === "c")?.startedAt, 11);
});

test("Presumption corrects itself when a run turns out to have been elsewhere", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1), row("b", 2)], [], lanes(4, 5));
  presumption.update([row("b", 2)], [ended("a", 5, 1, 10)], lanes(4, 5));
  assert.deepEqual(placesOf(presumption), { b: 4 });
});

test("Presumption has what was on a thread that has ended wait again", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1)], [], lanes(4));
  presumption.update([row("a", 1)], [], lanes());
  assert.deepEqual(placesOf(presumption), { a: undefined });
});

test("Presumption needs to presume nothing about the loop", () => {
  const presumption = new Presumption();
  presumption.update([[0, "a", 3, 1]], [], lanes());
  assert.deepEqual(presumption.list, [
    { name: 0, request: "a", slot: 3, handedAt: 1, startedAt: 1, lane: 0 },
  ]);
});

test("Presumption has tasks wait behind requests, whichever came first", () => {
  const presumption = new Presumption();
  presumption.update([[TASK, "a", 0, 1], row("b", 2)], [], lanes(4));
  assert.deepEqual(placesOf(presumption), { a: undefined, b: 4 });
});

test("Presumption has a run wait when others have run since where it was presumed", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1)], [], lanes(4));
  presumption.update([row("a", 1)], [ended("b", 4, 2, 30)], lanes(4));
  assert.deepEqual(
    presumption.list.map(({ lane, startedAt }) => [lane, startedAt]),
    [[4, 32]],
  );
});
