import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunningRow } from "../../../src/inspector/batch.ts";
import { Presumption, runOf } from "../../../src/inspector/page/store.ts";

const onThread = (name: number): boolean => name === 1;
const row = (request: string, handedAt: number): RunningRow => [1, request, 0, handedAt];
const ended = (request: string, thread: number, handedAt: number, runMs: number) =>
  runOf([1, request, thread, 0, handedAt, 0, runMs, 200]);

function placesOf(presumption: Presumption): Record<string, number | undefined> {
  return Object.fromEntries(presumption.list.map(({ request, thread }) => [request, thread]));
}

test("Presumption puts the runs handed over first on threads, and has the others wait", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1), row("b", 2), row("c", 3)], [], [4, 5], onThread);
  assert.deepEqual(placesOf(presumption), { a: 4, b: 5, c: undefined });
});

test("Presumption keeps a run where it is, and gives the thread that is free to the next", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1), row("b", 2), row("c", 3)], [], [4, 5], onThread);
  presumption.update([row("b", 2), row("c", 3)], [ended("a", 4, 1, 10)], [4, 5], onThread);
  assert.deepEqual(placesOf(presumption), { b: 5, c: 4 });
  assert.equal(presumption.list.find(({ request }) => request === "c")?.startedAt, 11);
});

test("Presumption corrects itself when a run turns out to have been elsewhere", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1), row("b", 2)], [], [4, 5], onThread);
  presumption.update([row("b", 2)], [ended("a", 5, 1, 10)], [4, 5], onThread);
  assert.deepEqual(placesOf(presumption), { b: 4 });
});

test("Presumption has what was on a thread that has ended wait again", () => {
  const presumption = new Presumption();
  presumption.update([row("a", 1)], [], [4], onThread);
  presumption.update([row("a", 1)], [], [], onThread);
  assert.deepEqual(placesOf(presumption), { a: undefined });
});

test("Presumption needs to presume nothing about the loop", () => {
  const presumption = new Presumption();
  presumption.update([[0, "a", 3, 1]], [], [], onThread);
  assert.deepEqual(presumption.list, [
    { name: 0, request: "a", slot: 3, handedAt: 1, startedAt: 1, thread: 0 },
  ]);
});
