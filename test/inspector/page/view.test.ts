import assert from "node:assert/strict";
import { test } from "node:test";
import { View } from "../../../src/inspector/page/view.ts";

test("View follows the time until it is paused, and then stays", () => {
  let now = 20_000;
  const view = new View(() => now);
  assert.deepEqual(view.stretch, { from: 10_000, to: 20_000 });
  view.pause();
  now = 50_000;
  assert.deepEqual(view.stretch, { from: 10_000, to: 20_000 });
  view.follow();
  assert.equal(view.stretch.to, 50_000);
});

test("View zooms around what is pointed at, and at its right edge while it follows", () => {
  const view = new View(() => 20_000);
  view.zoom(0.5, 12_000);
  assert.deepEqual(view.stretch, { from: 15_000, to: 20_000 });
  view.show({ from: 0, to: 10_000 });
  view.zoom(0.5, 2_000);
  assert.deepEqual(view.stretch, { from: 1_000, to: 6_000 });
});

test("View keeps to what can be drawn, and near what has been", () => {
  const view = new View(() => 20_000);
  view.show({ from: 100, to: 100 });
  assert.equal(view.stretch.to - view.stretch.from, 1);
  for (let n = 0; n < 100; n++) view.zoom(10);
  assert.equal(view.stretch.to - view.stretch.from, 900_000);
  view.reset();
  for (let n = 0; n < 100; n++) view.pan(1);
  assert.equal(view.stretch.to, 20_000);
});

test("View shows no future, however far it is zoomed out where it has stopped", () => {
  const view = new View(() => 20_000);
  view.show({ from: 19_000, to: 20_500 });
  assert.deepEqual(view.stretch, { from: 18_500, to: 20_000 });
  view.zoom(20);
  assert.deepEqual(view.stretch, { from: -10_000, to: 20_000 });
});
